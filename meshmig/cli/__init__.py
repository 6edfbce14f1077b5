"""The command line: arguments in, a view out."""
