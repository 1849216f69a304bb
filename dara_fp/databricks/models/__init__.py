"""Served models, and Genie."""
