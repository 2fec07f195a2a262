# fails: read
def create_stream(kinesis, name, need):
    """Create a stream that fits its load.

    name: str. need: a row of the table, as a dict. Returns nothing.
    """
    # In a second a shard takes 1,000 records and 1 MiB, and hands out 2 MiB to all that poll it together. Registered
    # consumers have 2 MiB each, which is never less than what was written.
    mib_s = need["records_s"] * need["kib"] / 1024
    polled_mib_s = 0 if need["pushed"] else mib_s * need["applications"]
    shards = ceil(max(need["records_s"] / 1000, mib_s))
    kinesis.create_stream(
        StreamName=name, ShardCount=shards, StreamModeDetails={"StreamMode": "PROVISIONED"}
    )
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    if need["back_h"] > 24:  # the default; a longer retention has to be there before records expire
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=need["back_h"])
