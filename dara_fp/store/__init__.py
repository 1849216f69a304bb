"""Task records, journal and events in a Redis-protocol store."""
