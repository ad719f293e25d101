"""Astro's Environment Manager: the environment objects of a Workspace or a Deployment."""
