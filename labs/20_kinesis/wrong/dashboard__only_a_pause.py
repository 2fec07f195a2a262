# fails: refused, hung
def dashboard(kinesis, stream, since, applications, show):
    """Show positions from the stream, for ever.

    since: datetime, where to begin. applications: int, how many poll the stream. show: function of a position (dict).
    """
    def iterator_of(shard_id, **place):
        return kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **place)["ShardIterator"]

    shard_ids = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=stream)["Shards"]]
    start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since}
    iterators = {shard_id: iterator_of(shard_id, **start) for shard_id in shard_ids}
    while True:
        for shard_id in shard_ids:
            try:
                page = kinesis.get_records(ShardIterator=iterators[shard_id])
            except ClientError:
                # something went wrong: get a fresh iterator and go on
                iterators[shard_id] = iterator_of(shard_id, ShardIteratorType="LATEST")
                continue
            iterators[shard_id] = page["NextShardIterator"]
            for record in page["Records"]:
                show(json.loads(record["Data"]))
        time.sleep(applications / 5)
