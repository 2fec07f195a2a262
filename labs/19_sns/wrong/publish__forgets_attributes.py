# fails: arrive
def publish_orders(sns, topic_arn, orders):
    """Publish every order once, with few calls.

    orders: list of {"text": str, "attributes": {name: str}}. Returns the positions of the orders that SNS refuses for
    good, as a list of int.
    """
    # An order that is too large alone would make the whole batch raise, so it never goes into one.
    refused = [place for place, order in enumerate(orders) if size_of(order) > LIMIT]
    for batch in batches(orders, refused):
        while batch:
            entries = [entry_of(place, orders[place]) for place in batch]
            reply = sns.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=entries)
            failed = reply.get("Failed", [])
            # SenderFault: it is the message that is wrong, so that it would fail for ever.
            refused += [int(entry["Id"]) for entry in failed if entry["SenderFault"]]
            batch = [int(entry["Id"]) for entry in failed if not entry["SenderFault"]]
            if batch:
                time.sleep(1)
    return refused


LIMIT = 262_144  # bytes of a message, and of a batch


def size_of(order):
    """Bytes that SNS counts: the text, and name, type and value of each attribute."""
    attributes = "".join(name + "String" + value for name, value in order["attributes"].items())
    return len((order["text"] + attributes).encode())


def entry_of(place, order):
    """The order as an entry of a batch, with its position as the Id."""
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in order["attributes"].items()
    }
    return {"Id": str(place), "Message": order["text"]}


def batches(orders, refused):
    """Positions of orders that go together: at most 10, and at most 256 KiB in all."""
    batch, size = [], 0
    for place, order in enumerate(orders):
        if place in refused:
            continue
        if len(batch) == 10 or size + size_of(order) > LIMIT:
            yield batch
            batch, size = [], 0
        batch.append(place)
        size += size_of(order)
    if batch:
        yield batch
