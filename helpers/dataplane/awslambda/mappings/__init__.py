"""Event source mappings: Lambda reads queues and streams, and invokes functions with batches of records."""
