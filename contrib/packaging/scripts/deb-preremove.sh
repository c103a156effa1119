#!/bin/sh
set -e
if command -v py3clean >/dev/null 2>&1; then
	py3clean -p check-smtp-suite
else
	find /usr/share/check-smtp-suite -name __pycache__ -type d -exec rm -rf {} +
fi
