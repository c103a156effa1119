#!/bin/sh
set -e
# The engine's user cannot write here: compiled now, or at each run.
if [ "$1" = configure ] && command -v py3compile >/dev/null 2>&1; then
	py3compile -p check-smtp-suite /usr/share/check-smtp-suite
fi
