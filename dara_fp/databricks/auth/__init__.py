"""Whom calls are signed as, and where the settings come from."""
