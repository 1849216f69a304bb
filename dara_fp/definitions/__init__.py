"""Workflows that ship with the framework, one file each."""
