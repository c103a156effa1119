#!/bin/sh
# 0 is a removal; at an upgrade the new files are here already, and compiled.
if [ "$1" = 0 ]; then
	find /usr/share/check-smtp-suite -name __pycache__ -type d -exec rm -rf {} + || :
fi
