"""The pictures of docs/pictures, each made from a real run: `make pictures`."""
