"""The command line: click, one error handler, completion."""
