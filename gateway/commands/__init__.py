"""The command line, one module for each kind of thing an operator does."""
