"""Section 18: Amazon SQS, queues, visibility, dead letters, FIFO."""
