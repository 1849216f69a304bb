"""What a run tells tracing, metrics and logs, where they are switched on."""
