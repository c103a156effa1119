"""The installed checks against real mail servers, each private and on loopback.

`make lab` runs them. They need root, and a mirror of Debian.
"""
