"""The REST API over the executor."""
