#!/bin/sh
# Debian calls this when its default Python 3 changes.
set -e
if [ "$1" = rtupdate ]; then
	py3clean -p check-smtp-suite /usr/share/check-smtp-suite
	py3compile -p check-smtp-suite /usr/share/check-smtp-suite
fi
