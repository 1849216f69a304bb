"""Version 1 of the routes."""
