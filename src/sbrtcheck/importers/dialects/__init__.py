"""One module a dialect: ``read`` takes the bytes of a file and gives a `Template`."""
