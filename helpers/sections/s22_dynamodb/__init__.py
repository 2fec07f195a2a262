"""Section 22: Amazon DynamoDB, keys, capacity, indexes, writes that race, streams."""
