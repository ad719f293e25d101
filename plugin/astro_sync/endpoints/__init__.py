"""The systems that hold variables, one module each."""
