"""Records as marking leaves them: right, wrong, partly right, timed out, hostile, unreadable, waiting for a person."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from helpers.grading.record import Batch, CheckRecord, Record, State, TaskRecord, TrailRow
from helpers.labs import Check, Lab, Task

TASKS = (
    Task(
        "queues",
        "Create the queues",
        ("create_queues",),
        (
            Check(
                "once",
                "Each job is done once, also when a worker is slow.",
                2,
                "timeout_starts_with_work",
                "visibility",
                "18_sqs.visibility?batch_size=5&arrival_every_s=0",
            ),
            Check(
                "poison",
                "A job that can never succeed is set aside after a few tries.",
                2,
                "dlq_counts_failures",
                "dlq",
                "18_sqs.poison",
            ),
        ),
        ("Think of the longest job.", "And of the whole batch."),
    ),
    Task(
        "worker",
        "Write the worker",
        ("worker",),
        (
            Check(
                "polls",
                "An empty queue costs few calls.",
                1,
                "long_poll_polls_inside",
                "polling",
                "18_sqs.polling",
            ),
            Check(
                "lost",
                "No job is lost when a worker dies at work.",
                3,
                "queue_deletes_on_receive",
                "visibility",
                "18_sqs.visibility?crash_percent=25",
            ),
            Check("late", "A job that was late is not done a second time by the same worker.", 2),
        ),
        ("Delete last.",),
    ),
    Task(
        "order",
        "Keep the order of each customer",
        ("create_fifo", "send"),
        (
            Check(
                "order",
                "The jobs of a customer are done in the order in which they were sent.",
                3,
                "fifo_is_one_line",
                "fifo",
                "18_sqs.fifo_groups",
            ),
        ),
        ("A group is a line of its own.",),
    ),
    Task(
        "why", "Explain your own run", (), (), (), manual=True, manual_points=4, rubric=("0", "1", "2", "4")
    ),
)

LAB = Lab("18_sqs", "Lab 18: a queue that loses nothing", 75, TASKS, Path("labs/18_sqs"))

QUEUES = '''def create_queues(sqs, need):
    """Create the work queue and its dead-letter queue.

    need["longest_job_s"] is in seconds. Return the URL of the work queue.
    """
    dead = sqs.create_queue(QueueName="jobs-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return sqs.create_queue(
        QueueName="jobs",
        Attributes={
            "VisibilityTimeout": str(need["longest_job_s"]),  # long enough for one job
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5}),
        },
    )["QueueUrl"]
'''

WORKER = '''def worker(sqs, url, handle):
    """Take jobs from the queue for as long as there are any."""
    while True:
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=5, WaitTimeSeconds=20)
        if "Messages" not in reply:
            return
        for message in reply["Messages"]:
            handle(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
'''

CRASHING = """def worker(sqs, url, handle):
    while True:
        reply = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
        for message in reply["Messages"]:
            handle(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
"""

FIFO = """def create_fifo(sqs, need):
    return sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]


def send(sqs, url, order):
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(order), MessageGroupId=order["customer"],
                     MessageDeduplicationId=order["id"])
"""

KEY_ERROR = """KeyError in worker, line 4 (`for message in reply["Messages"]:`): 'Messages'"""
OUT_OF_TIME = (
    "OutOfTime in worker, line 4 (`reply = sqs.receive_message(QueueUrl=url)`): "
    "worker made 20,000 API calls and was stopped"
)

LOOP = """def worker(sqs, url, handle):
    count = 0
    while True:
        reply = sqs.receive_message(QueueUrl=url)
        count += 1
        print("still nothing", count)
"""

WORKER_CHECKS = ("polls", "lost", "late")

RELEASED = {
    "queues": QUEUES.partition("    dead =")[0] + "    raise NotImplementedError\n",
    "worker": "def worker(sqs, url, handle):\n    raise NotImplementedError\n",
    "order": (
        "def create_fifo(sqs, need):\n    raise NotImplementedError\n\n\n"
        "def send(sqs, url, order):\n    raise NotImplementedError\n"
    ),
}


def trail(workers: int = 2, jobs: int = 8, job_s: float = 14.0) -> tuple[TrailRow, ...]:
    """Workers that take five jobs a receive from one queue; the second takes up what the first is still at."""
    rows = [
        TrailRow(0.0, 0.02, "you", "sqs", "CreateQueue"),
        TrailRow(0.02, 0.04, "you", "sqs", "GetQueueAttributes"),
        TrailRow(0.04, 0.06, "you", "sqs", "CreateQueue"),
    ]
    rows += [
        TrailRow(1 + 0.02 * one, 1.02 + 0.02 * one, "producer", "sqs", "SendMessage") for one in range(24)
    ]
    for number in range(workers):
        at = 2.0 + 0.4 * number
        for job in range(jobs):
            if job % 4 == 0:
                rows.append(TrailRow(at, at + 0.02, f"worker-{number + 1}", "sqs", "ReceiveMessage"))
            at += job_s
            error = "ReceiptHandleIsInvalid" if number == 1 and job == 5 else None
            rows.append(TrailRow(at, at + 0.02, f"worker-{number + 1}", "sqs", "DeleteMessage", error))
        rows.append(TrailRow(at, at + 20, f"worker-{number + 1}", "sqs", "ReceiveMessage"))
    return tuple(sorted(rows, key=lambda row: row.start_s))


def check(
    task: str,
    name: str,
    status: str = "passed",
    reason: str = "",
    at_s: float | None = None,
    actor: str | None = None,
) -> CheckRecord:
    one = next(one for one in LAB.task(task).checks if one.id == name)
    passed = status == "passed"
    more = ("", "", "") if passed else (one.station, one.run, one.misconception)
    return CheckRecord(
        name, one.text, one.points, one.points if passed else 0, status, reason, at_s, actor, *more
    )


def task(name: str, *checks: CheckRecord, **more: object) -> TaskRecord:
    one = LAB.task(name)
    earned = None if one.manual else sum(check.earned for check in checks)
    return TaskRecord(name, one.title, one.points, earned, one.manual, checks, **more)


def record(student: str, state: State, *tasks: TaskRecord, reason: str = "", **more: object) -> Record:
    return Record(
        student=student,
        lab="18_sqs",
        state=state,
        isolation="full",
        total=sum(task.earned or 0 for task in tasks),
        maximum=17,
        reason=reason,
        sha256=hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest(),
        seconds=more.pop("seconds", 0.42),
        seed=4711,
        file=more.pop("file", f"{student}_12345_assignsubmission_file_/lab.ipynb"),
        tasks=tasks,
        **more,
    )


QUEUES_RIGHT = task("queues", check("queues", "once"), check("queues", "poison"), code=QUEUES, trail=trail())
WORKER_RIGHT = task(
    "worker", check("worker", "polls"), check("worker", "lost"), check("worker", "late"), code=WORKER
)
ORDER_RIGHT = task("order", check("order", "order"), code=FIFO)
WHY_WAITS = task(
    "why",
    answer="The second receive at 58 s shows it: the job was\nhidden for 14 s only, and five of them take 70 s.",
)
WHY_MARKED = replace(WHY_WAITS, earned=3)

RIGHT = record("Zoë Ångström", State.GRADED, QUEUES_RIGHT, WORKER_RIGHT, ORDER_RIGHT, WHY_MARKED)

WRONG = record(
    "Jane Doe",
    State.GRADED,
    task(
        "queues",
        check(
            "queues",
            "once",
            "failed",
            "a job was handed to a second worker while the first was still at it",
            58.4,
            "worker-2",
        ),
        check(
            "queues", "poison", "failed", "a job that always fails was tried for ever; nothing set it aside"
        ),
        code=QUEUES,
        output="created jobs\ncreated jobs-dead\n",
        trail=trail(),
    ),
    task(
        "worker",
        check("worker", "polls", reason="the queue was asked 3 times a minute while it was empty"),
        check(
            "worker",
            "lost",
            "failed",
            "a job that was deleted too early died with its worker",
            30.0,
            "worker-1",
        ),
        check("worker", "late", "failed", "the same worker did a late job twice", 72.0, "worker-1"),
        code=WORKER,
        trail=trail(),
    ),
    task(
        "order", check("order", "order", "not attempted", "send is not written yet."), code=RELEASED["order"]
    ),
    replace(WHY_MARKED, earned=0),
    notes=("an earlier attempt (lab-1.ipynb) was not marked",),
    late=True,
)

PARTIAL = record(
    "Kofi Mensah",
    State.PARTIAL,
    QUEUES_RIGHT,
    task(
        "worker",
        *(
            replace(check("worker", one, "not attempted"), reason="The cell of this task is missing.")
            for one in WORKER_CHECKS
        ),
        problem="The solution cell of this task is not in the notebook.",
    ),
    ORDER_RIGHT,
    WHY_WAITS,
    reason="one of 4 tasks is missing from the notebook: worker",
)

CRASHED = record(
    "Ana María Ñúñez",
    State.CRASHED,
    QUEUES_RIGHT,
    task(
        "worker",
        *(check("worker", one, "crashed", KEY_ERROR) for one in WORKER_CHECKS),
        code=CRASHING,
        trail=trail(),
    ),
    ORDER_RIGHT,
    WHY_MARKED,
    reason=KEY_ERROR,
)

TIMEOUT = record(
    "Liu Wei",
    State.TIMEOUT,
    QUEUES_RIGHT,
    task(
        "worker",
        *(check("worker", one, "crashed", OUT_OF_TIME) for one in WORKER_CHECKS),
        code=LOOP,
        output="".join(f"still nothing {one}\n" for one in range(1, 2000)),
        problem="worker was stopped in line 4: it used up its processor time.",
    ),
    ORDER_RIGHT,
    WHY_MARKED,
    reason="the task worker used up its 20 s of processor time",
    seconds=20.31,
)

EVIL = (
    "<script>alert(1)</script>\u202eevil\x00\x1b[31mred\x1b[0m "
    '"><img src=x onerror=alert(2)> ]]>--><svg/onload=alert(3)>'
)

HOSTILE = record(
    f'=HYPERLINK("http://x") {EVIL}',
    State.CRASHED,
    task(
        "queues",
        *(
            check("queues", one, "crashed", f"Exception in create_queues, line 2 (`{EVIL}`): {EVIL * 40}")
            for one in ("once", "poison")
        ),
        code=f"# {EVIL}\n{EVIL}\n" + "x" * 10_000 + "\n" + "y = 1\n" * 5_000,
        output=EVIL + "\x1b]0;title\x07\r" + "\ud800" + "z" * 10_000 + "\n" * 1_000 + "e" + "\u0301" * 500,
        problem=EVIL,
    ),
    task(
        "worker",
        check("worker", "polls"),
        check("worker", "lost", "failed", EVIL, 3.0, f"{EVIL}20"),
        check("worker", "late"),
        code=EVIL,
        trail=tuple(
            TrailRow(
                one / 100, one / 100 + 0.001, f"{EVIL}{one % 40}", "sqs", EVIL, EVIL if one % 3 else None
            )
            for one in range(1_000)
        ),
    ),
    task("why", answer=EVIL * 200),
    reason=EVIL,
    notes=(EVIL,),
    file=f"../../{EVIL}/lab.ipynb",
)

UNREADABLE = record(
    "Sam Lee", State.UNREADABLE, reason="this is a web page, not a notebook: the download was not logged in"
)
MANUAL = record("Noor Haddad", State.NEEDS_MANUAL, QUEUES_RIGHT, WORKER_RIGHT, ORDER_RIGHT, WHY_WAITS)
DIED = record(
    "Ivo Horvat", State.DIED, replace(QUEUES_RIGHT), reason="the process used more than 512 MB and was ended"
)

TAMPERED = record(
    "Max Muster", State.TAMPERED, reason="the line that answers travel on held what no answer is"
)

ALL = (RIGHT, WRONG, PARTIAL, CRASHED, TIMEOUT, HOSTILE, UNREADABLE, MANUAL, DIED, TAMPERED)

BATCH = Batch(
    "18_sqs",
    LAB.title,
    4711,
    17,
    tuple(task.id for task in TASKS),
    list(ALL),
    ["Peter Pan.ipynb is a notebook of no lab."],
)


def many(number: int = 60) -> Batch:
    """A class whose members are like the samples."""
    kinds = (RIGHT, RIGHT, WRONG, MANUAL, CRASHED, WRONG, PARTIAL, TIMEOUT, UNREADABLE, DIED)
    records = []
    for place in range(number):
        one = kinds[place % len(kinds)]
        name = f"student {place:03}"
        total = max(0, one.total - place % 4)
        records.append(
            replace(
                one,
                student=name,
                file=f"{name}.ipynb",
                total=total,
                seconds=one.seconds + place / 100,
                sha256=hashlib.sha256(name.encode()).hexdigest(),
            )
        )
    return replace(BATCH, records=records)
