# fails: calls
def send(kinesis, stream, positions):
    """Write every position to the stream once, each truck's in the order of the list."""
    for position in positions:
        record = {"Data": json.dumps(position).encode(), "PartitionKey": position["truck"]}
        while True:
            try:
                kinesis.put_record(StreamName=stream, **record)
                break
            except ClientError:
                time.sleep(1)
