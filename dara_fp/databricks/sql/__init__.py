"""SQL statements and their rows."""
