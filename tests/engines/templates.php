<?php
// Loads graph templates with the Graphite module's own class and prints them as JSON:
// by check command and name, each curve with its metric and its function.
// Usage: php templates.php FOLDER-OF-MODULE FOLDER-OF-TEMPLATES

use Icinga\Application\ClassLoader;
use Icinga\Application\Cli;
use Icinga\Module\Graphite\Graphing\Templates;

require_once 'Icinga/Application/Cli.php';
Cli::start('/usr/share/icingaweb2', getenv('ICINGAWEB_CONFIGDIR'));
$loader = new ClassLoader();
$loader->register();
$loader->registerNamespace('Icinga\\Module\\Graphite', $argv[1] . '/library/Graphite');

$templates = (new Templates())->loadDir($argv[2]);
$found = [];
foreach ($templates->getAllTemplates() as $command => $named) {
    foreach ($named as $name => $template) {
        foreach ($template->getCurves() as $curve => list($metric, $function)) {
            $found[$command][$name][$curve] = [
                $metric->resolve(['service_name_template' => '$service_name_template$']),
                $function->resolve(['metric' => '$metric$']),
            ];
        }
    }
}
echo json_encode($found);
