"""Async client for the Databricks REST API."""
