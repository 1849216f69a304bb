"""Calls over HTTP: sent, retried, understood."""
