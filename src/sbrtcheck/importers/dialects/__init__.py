"""One module a dialect: ``read`` makes a `Template` of the bytes of a file."""
