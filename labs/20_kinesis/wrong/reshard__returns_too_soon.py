# fails: room, cost
def reshard(kinesis, stream, loads):
    """Split the hot shard, and merge the two neighbours that get least.

    loads: dict of shard id -> KiB a second. Returns nothing.
    """
    shards = [one for one in kinesis.list_shards(StreamName=stream)["Shards"] if one["ShardId"] in loads]
    shards.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))  # now neighbours touch

    hot = max(shards, key=lambda shard: loads[shard["ShardId"]])
    ends = hot["HashKeyRange"]
    middle = (int(ends["StartingHashKey"]) + int(ends["EndingHashKey"])) // 2
    kinesis.split_shard(
        StreamName=stream, ShardToSplit=hot["ShardId"], NewStartingHashKey=str(middle)
    )

    pairs = zip(shards, shards[1:])
    low, high = min(pairs, key=lambda pair: sum(loads[shard["ShardId"]] for shard in pair))
    try:
        kinesis.merge_shards(
            StreamName=stream, ShardToMerge=low["ShardId"], AdjacentShardToMerge=high["ShardId"]
        )
    except ClientError:
        pass  # busy, and merging is not urgent


def wait_until_active(kinesis, stream):
    """Return when no change is under way."""
    while True:
        summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return
        time.sleep(5)


def read_all(kinesis, stream):
    """Return all positions of the stream, as a list of dicts, each truck's in order."""
    shards = {shard["ShardId"]: shard for shard in kinesis.list_shards(StreamName=stream)["Shards"]}
    positions, begun = [], set()

    def read(shard_id):
        if shard_id not in shards or shard_id in begun:  # a parent may have expired
            return
        begun.add(shard_id)
        shard = shards[shard_id]
        # What a truck wrote before the change lies in the parents: they come first, to their end.
        for parent in ("ParentShardId", "AdjacentParentShardId"):
            read(shard.get(parent))
        place = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
        is_open = "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        while iterator:  # a closed shard ends without a next iterator, an open one never does
            page = kinesis.get_records(ShardIterator=iterator)
            positions.extend(json.loads(record["Data"]) for record in page["Records"])
            iterator = page.get("NextShardIterator")
            if is_open and page["MillisBehindLatest"] == 0:
                break

    for shard_id in shards:
        read(shard_id)
    return positions
