"""A local Databricks-compatible workspace for developers."""
