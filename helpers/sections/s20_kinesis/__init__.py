"""Section 20: Amazon Kinesis, shards, producers, consumers, resharding, Firehose."""
