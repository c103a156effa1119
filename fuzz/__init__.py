"""Coverage-guided fuzzing of what reads a server's octets: `make fuzz`, `make fuzz SECONDS=3600`.

Rule: a target asserts what the tests assert, with their own words, so that what it finds becomes
a test beside the module that had it.
"""
