# fails: back
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
                # Not handed back: each receive counts, and at once all of them would be used up within a second. Left
                # alone, the invoice comes again when its timeout is over, and by then the tax office may be back.
                continue
            sqs.delete_message(**received)


def redrive(sqs, failures_url, invoices_url):
    """Move every invoice from the queue of failures back to the queue of invoices."""
    known = sqs.get_queue_attributes(QueueUrl=failures_url, AttributeNames=["QueueArn"])
    arn = known["Attributes"]["QueueArn"]

    try:
        sqs.start_message_move_task(SourceArn=arn)
    except sqs.exceptions.ClientError:
        pass  # one is running
