"""Checks of delivery, and their console scripts.

Rule: nothing but the entry is imported here; a check's own module is, when it runs.
"""
