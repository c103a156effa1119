"""The servers of the lab, a folder for each kind: what it is, its configuration, its cases."""
