"""The story of every move."""
