# For tests/sections/test_facts.py: entries of section 19_sns. NUMBERS are dumped from facts.yaml, not typed again: read them against the pages.
STATIONS["19_sns"] = ['topic', 'message', 'filter', 'delivery', 'fifo', 'access']
SERVICES["19_sns"] = ['sns', 'sqs', 'lambda', 's3', 'cloudwatch']
NUMBERS["19_sns"] = {
    "sns.limits.subscriptions": (12500000, None),
    "sns.limits.topics": (100000, None),
    "sns.limits.topics_mixup": (100000, None),
    "sns.fanout.raw_limits": (10, None),
    "sns.limits.size": (262144, (1024, 1048576)),
    "sns.limits.batch": (10, None),
    "sns.limits.publish_rate": (30000, (300, 30000)),
    "sns.limits.extended_client": (2, None),
    "sns.filter.limits": (5, None),
    "sns.filter.delay": (15, None),
    "sns.filter.complexity": (150, None),
    "sns.subs.managed_retry": (100015, None),
    "sns.subs.http_retry": (3, (0, 100)),
    "sns.subs.http_span": (3600, None),
    "sns.subs.http_timeout": (15, None),
    "sns.subs.person_retry": (50, None),
    "sns.subs.confirm": (2, None),
    "sns.fifo.dedup": (5, None),
    "sns.fifo.throughput": (3000, None),
    "sns.fifo.replay": (365, (1, 365)),
}
OLDER["19_sns"] = {
    "sns.limits.subscriptions": "disputed",
    "sns.limits.topics_mixup": "wrong",
    "sns.publish.platforms": "outdated",
    "sns.filter.new": "outdated",
    "sns.fifo.only_fifo": "outdated",
    "sns.fanout.fifo_queue": "outdated",
    "sns.fifo.throughput": "outdated",
}
