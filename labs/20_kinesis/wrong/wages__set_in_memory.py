# fails: once
def count_km(kinesis, dynamodb, stream, need):
    """Sum up the kilometres of each truck in the table "trucks", for ever."""
    iterators = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        name = shard["ShardId"]
        saved = dynamodb.get_item(TableName="progress", Key={"shard": {"S": name}}).get("Item")
        place = {"ShardIteratorType": "TRIM_HORIZON"}
        if saved:
            number = saved["number"]["S"]
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
        reply = kinesis.get_shard_iterator(StreamName=stream, ShardId=name, **place)
        iterators[name] = reply["ShardIterator"]

    while True:
        for name, iterator in iterators.items():
            page = kinesis.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                add_km(dynamodb, record)
            if page["Records"]:  # only when all of it is counted: what a crash repeats is harmless, a gap is not
                number = page["Records"][-1]["SequenceNumber"]
                dynamodb.put_item(
                    TableName="progress", Item={"shard": {"S": name}, "number": {"S": number}}
                )
            iterators[name] = page["NextShardIterator"]
        time.sleep(need["applications"] / 5)  # a shard answers 5 calls a second, of all its readers


counted = set()


def add_km(dynamodb, record):
    """Count one record, unless it is counted already."""
    if record["SequenceNumber"] in counted:
        return
    counted.add(record["SequenceNumber"])
    trip = json.loads(record["Data"])
    dynamodb.update_item(
        TableName="trucks",
        Key={"truck": {"S": trip["truck"]}},
        UpdateExpression="ADD km :km",
        ExpressionAttributeValues={":km": {"N": str(trip["km"])}},
    )
