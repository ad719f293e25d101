"""One module per command: settled options in, a result out."""
