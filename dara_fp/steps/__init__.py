"""Reusable steps over the core and the Databricks client, one file a Databricks area."""
