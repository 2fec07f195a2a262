# fails: all, resume
def count_km(kinesis, dynamodb, stream, need):
    """Sum up the kilometres of each truck in the table "trucks", for ever."""
    iterators = {}
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        name = shard["ShardId"]
        saved = dynamodb.get_item(TableName="progress", Key={"shard": {"S": name}}).get("Item")
        place = {"ShardIteratorType": "LATEST"}
        if False:
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


def add_km(dynamodb, record):
    """Count one record, unless it is counted already."""
    trip = json.loads(record["Data"])
    try:
        # Sum and sequence number change together or not at all. A truck's numbers grow, so an old one is a repeat.
        # They have 56 digits, too many for a number of DynamoDB; as text of one length they compare alike.
        dynamodb.update_item(
            TableName="trucks",
            Key={"truck": {"S": trip["truck"]}},
            UpdateExpression="ADD km :km SET last_number = :number",
            ConditionExpression="attribute_not_exists(last_number) OR last_number < :number",
            ExpressionAttributeValues={
                ":km": {"N": str(trip["km"])},
                ":number": {"S": record["SequenceNumber"]},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
