"""x"""


def explanation(name):
    return name
