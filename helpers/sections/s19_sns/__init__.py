"""Section 19: Amazon SNS, topics, fan out, filters, delivery, FIFO, access."""
