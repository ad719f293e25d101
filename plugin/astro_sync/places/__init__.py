"""The places that hold connections and variables, one module each."""
