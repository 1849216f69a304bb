"""Every API of the installed Databricks SDK, made asynchronous from the SDK's own source."""
