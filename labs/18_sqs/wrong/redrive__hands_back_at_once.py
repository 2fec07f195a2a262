# fails: outage
def invoice_worker(sqs, queue_url, make_invoice):
    """Make invoices from the queue, for ever.

    make_invoice: function of the body (str); it raises if the invoice cannot be made.
    """
    while True:
        reply = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in reply.get("Messages", []):
            received = {"QueueUrl": queue_url, "ReceiptHandle": message["ReceiptHandle"]}
            try:
                make_invoice(message["Body"])
            except Exception:
                sqs.change_message_visibility(**received, VisibilityTimeout=0)
                continue
            sqs.delete_message(**received)


def redrive(sqs, failures_url, invoices_url):
    """Move every invoice from the queue of failures back to the queue of invoices."""
    known = sqs.get_queue_attributes(QueueUrl=failures_url, AttributeNames=["QueueArn"])
    arn = known["Attributes"]["QueueArn"]

    def status():
        tasks = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
        return tasks[0]["Status"] if tasks else "none yet"

    # SQS itself moves the messages, whatever becomes of this script. A task that an earlier run began goes on.
    if status() != "RUNNING":
        sqs.start_message_move_task(SourceArn=arn)
    while status() == "RUNNING":
        time.sleep(1)
