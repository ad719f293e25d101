"""One module per command: resolved options in, a result out."""
