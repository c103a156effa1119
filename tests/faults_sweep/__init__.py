"""Faults at every octet of TLS sessions, slow faults, and many checks at once: slow."""
