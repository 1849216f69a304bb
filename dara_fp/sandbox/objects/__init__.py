"""Workspace objects and secrets."""
