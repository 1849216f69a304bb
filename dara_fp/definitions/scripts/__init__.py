"""Scripts that run on Databricks, for the jobs of the workflows beside them."""
