"""Options, `.astro-sync.toml`, and how their layers settle."""
