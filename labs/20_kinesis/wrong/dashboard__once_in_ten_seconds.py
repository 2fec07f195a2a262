# fails: share
def dashboard(kinesis, stream, since, applications, show):
    """Show positions from the stream, for ever.

    since: datetime, where to begin. applications: int, how many poll the stream. show: function of a position (dict).
    """
    last = {}  # shard id -> sequence number of what was shown last: unlike an iterator, it never expires

    def iterator_of(shard_id):
        place = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since}
        if shard_id in last:
            number = last[shard_id]
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
        return kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **place)["ShardIterator"]

    shard_ids = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    iterators = {shard_id: iterator_of(shard_id) for shard_id in shard_ids}
    while True:
        for shard_id in shard_ids:
            try:
                page = kinesis.get_records(ShardIterator=iterators[shard_id])
            except ClientError as error:
                # A refusal moves nothing: the iterator is still good. One that expired is made anew at the same place.
                if error.response["Error"]["Code"] == "ExpiredIteratorException":
                    iterators[shard_id] = iterator_of(shard_id)
                continue
            iterators[shard_id] = page["NextShardIterator"]
            for record in page["Records"]:
                show(json.loads(record["Data"]))
                last[shard_id] = record["SequenceNumber"]
        time.sleep(10)  # a shard answers 5 calls a second, of all its readers
