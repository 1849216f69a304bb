"""Pipelines that keep tables up to date by SQL."""
