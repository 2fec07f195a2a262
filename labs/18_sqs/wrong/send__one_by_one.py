# fails: calls
def send_orders(sqs, queue_url, orders):
    refused = []
    for place, order in enumerate(orders):
        try:
            sqs.send_message(QueueUrl=queue_url, MessageBody=order)
        except sqs.exceptions.InvalidMessageContents:
            refused.append(place)
    return refused
