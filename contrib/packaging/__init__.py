"""Packages of the suite, built into dist/ by `make package`.

Rule: what a package holds is made from the sources at build time (man pages and completion from
the parsers, launchers from setup.cfg), and the same sources make the same octets.
"""
