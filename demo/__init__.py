"""A mail server to try the checks on, and a run of all of them against it."""
