"""Jobs, their runs, and the processes of their tasks."""
