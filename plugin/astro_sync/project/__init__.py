"""What `doctor` and `init` look at and change."""
