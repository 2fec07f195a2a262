# fails: calls
def send(kinesis, stream, positions):
    """Write every position to the stream once, each truck's in the order of the list.

    positions: list of dicts with a "truck" each, oldest first. Returns nothing.
    """
    waiting = positions
    while waiting:
        # One record of a truck at a time: in one request a photo may be refused and a later, smaller one accepted.
        batch, later, trucks = [], [], set()
        for position in waiting:
            if len(batch) < 500 and position["truck"] not in trucks:
                batch.append(position)
            else:
                later.append(position)
            trucks.add(position["truck"])
        records = [{"Data": json.dumps(one).encode(), "PartitionKey": one["truck"]} for one in batch]
        reply = kinesis.put_records(StreamName=stream, Records=records)
        # The call succeeds although records are refused: each has its own answer, in the order of the request.
        refused = [one for one, answer in zip(batch, reply["Records"], strict=True) if "ErrorCode" in answer]
        if refused:
            time.sleep(0.1)
        waiting = refused + later
