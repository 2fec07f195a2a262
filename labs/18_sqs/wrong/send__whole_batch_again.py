# fails: again
def send_orders(sqs, queue_url, orders):
    """Send every order once, with few requests.

    orders: list of str. Returns the positions of the orders that SQS refuses for good, as a list of int.
    """
    refused = []
    for batch in batches(orders):
        while batch:
            entries = [{"Id": str(place), "MessageBody": orders[place]} for place in batch]
            reply = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
            failed = reply.get("Failed", [])
            # SenderFault: it is the message that is wrong, so that it would fail for ever.
            refused += [int(entry["Id"]) for entry in failed if entry["SenderFault"]]
            if all(entry["SenderFault"] for entry in failed):
                break
            batch = [place for place in batch if place not in refused]  # they stand and fall together
    return refused


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
