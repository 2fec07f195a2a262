# fails: again, refused
def send_orders(sqs, queue_url, orders):
    for batch in batches(orders):
        entries = [{"Id": str(place), "MessageBody": orders[place]} for place in batch]
        reply = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        assert reply["ResponseMetadata"]["HTTPStatusCode"] == 200  # all is well
    return []


def batches(orders):
    """Positions of orders that go together: at most 10, and at most 1 MiB in all."""
    batch, size = [], 0
    for place, order in enumerate(orders):
        order_size = len(order.encode())  # the limit counts bytes, not characters
        if len(batch) == 10 or size + order_size > 1_048_576:
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += order_size
    if batch:
        yield batch
