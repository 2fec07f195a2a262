# fails: once, order
def send(kinesis, stream, positions):
    """Write every position to the stream once, each truck's in the order of the list."""
    for first in range(0, len(positions), 500):
        batch = positions[first : first + 500]
        records = [{"Data": json.dumps(one).encode(), "PartitionKey": one["truck"]} for one in batch]
        while kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"]:
            time.sleep(0.5)
