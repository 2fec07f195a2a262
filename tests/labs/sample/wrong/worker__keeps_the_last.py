# fails: emptied
def drain(sqs, queue):
    got = sqs.receive_message(QueueUrl=queue).get("Messages", [])
    for message in got:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
