"""The model and what is decided with it. Pure: no file, no process."""
