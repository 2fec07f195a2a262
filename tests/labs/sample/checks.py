"""A lab as small as one can be: what the tests of the builder, the gate and the notebook's card work with."""

from helpers.labs import StudentError, failed, passed


def draw_count(random):
    return {"limit": random.randint(5, 60), "patience_s": random.randint(60, 900)}


def examine_count(bench, need):
    with bench.trial() as trial:
        few = [f"w{bench.random.randrange(100)}" for _ in range(bench.random.randint(2, 4))]
        text = "  ".join(few) + " \n"
        right = trial.student.call("count_words", text, need["limit"]) == len(few)
        wrong = failed("The count is another one than that of the words in the text.")
        yield "total", passed() if right else wrong
        try:
            trial.student.call("count_words", "w " * (need["limit"] + 1), need["limit"])
        except StudentError as error:
            refused = error.kind == "ValueError"
            yield "limit", passed() if refused else failed(f"A long text raises {error.kind}.")
        else:
            yield "limit", failed("A text with more words than allowed is counted like any other.")


def draw_worker(random):
    return {"messages": random.randint(3, 9)}


def examine_worker(bench, need):
    with bench.trial() as trial:
        sqs = trial.cloud.client("sqs")
        url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
        for number in range(need["messages"]):
            sqs.send_message(QueueUrl=url, MessageBody=f"job {number} {bench.random.random()}")
        trial.student.call("drain", sqs, url)
        trial.cloud.run(until=trial.cloud.now + 60)
        left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        kept = int(left["ApproximateNumberOfMessages"]) + int(left["ApproximateNumberOfMessagesNotVisible"])
        row = next((row for row in trial.rows if row.operation == "ReceiveMessage"), None)
        again = failed("A message that the worker received was in the queue again.", row)
        yield "emptied", again if kept else passed()
