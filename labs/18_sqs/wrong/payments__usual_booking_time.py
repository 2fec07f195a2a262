# fails: once
def create_payments(sqs, need):
    """Create the FIFO queue of the payments and return its URL."""
    # Longer than a booking, shorter than the time in which a failed one has to be taken up again.
    attributes = {"FifoQueue": "true", "VisibilityTimeout": str(need["booking_s"] // 2)}
    return sqs.create_queue(QueueName="payments.fifo", Attributes=attributes)["QueueUrl"]


def pay(sqs, queue_url, payment):
    """Send one payment (a dict) to the queue."""
    sqs.send_message(
        QueueUrl=queue_url,
        MessageBody=json.dumps(payment),
        MessageGroupId=payment["customer"],  # one line a customer
        MessageDeduplicationId=payment["payment"],  # not the body: a retry has another attempt
    )


def settle(sqs, queue_url, is_booked, book):
    """Book payments from the queue, for ever.

    is_booked: function of a payment's id (str), returns bool. book: function of a payment (dict); it raises if the bank
    refuses.
    """
    while True:
        # One at a time: behind a refused payment the receive may hold others of its customer, which have to wait.
        reply = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)
        for message in reply.get("Messages", []):
            payment = json.loads(message["Body"])
            try:
                # Deduplication ends after five minutes and knows nothing of crashes. The ledger does.
                if not is_booked(payment["payment"]):
                    book(payment)
            except Exception:
                continue  # refused: it comes again, and its customer's line waits for it
            try:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            except sqs.exceptions.ClientError:
                pass  # too late, but it is booked
