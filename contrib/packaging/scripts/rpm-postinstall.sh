#!/bin/sh
# The engine's user cannot write here: compiled now, or at each run.
umask 022
/usr/bin/python3 -I -m compileall -q /usr/share/check-smtp-suite || :
