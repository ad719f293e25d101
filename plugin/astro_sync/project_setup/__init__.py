"""The files that make an Astro project ready for astro-sync, one module for each kind."""
