"""Files, volumes, and addresses that are signed."""
