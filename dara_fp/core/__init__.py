"""The algebra: pure, no I/O, knows neither Databricks nor Redis nor HTTP."""
