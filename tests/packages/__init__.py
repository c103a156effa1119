"""Each package, installed somewhere clean and run there. Not part of `make test`: it is slow."""
