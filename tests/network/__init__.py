"""Name resolution and networks that fail, in a network namespace of the tests' own: needs root."""
