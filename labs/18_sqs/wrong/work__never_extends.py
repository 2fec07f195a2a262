# fails: once
def work(sqs, queue_url, handle):
    """Print orders from the queue, for ever.

    handle: function of the body (str) that prints one order; it raises if that fails.
    """
    while True:
        # One order at a time: another one would wait here, hidden, while an idle copy could print it.
        reply = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)
        for message in reply.get("Messages", []):
            received = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            longest_s = json.loads(message["Body"])["max_s"]
            # Counts from now. A margin for the delete, and no more: if this copy dies, nobody gets the order sooner.
            try:
                handle(message["Body"])
            except Exception:
                continue  # not deleted: it comes again when its time is over
            sqs.delete_message(**received)
