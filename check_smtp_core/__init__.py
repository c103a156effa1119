"""One SMTP session, observed, and the way from facts to a plugin's output.

Rule: this package imports no check, and only plugin.py knows nagiosplugin.
"""

__version__ = "0.1.0"
