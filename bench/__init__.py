"""Measurements of what the project promises about speed; run them from the checkout's root.

`python -m bench.round_trips` and `python -m bench.instructions`; docs/performance.md has figures.
"""
