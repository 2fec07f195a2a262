# fails: calls
def publish(cloudwatch, samples, need):
    """Publish the seconds of each sample for both dashboards.

    samples: list of dict. need: {"namespace": str, "readers": [[str, ...], [str, ...]]}. Returns a list of int.
    """
    now = time.time()
    skipped, data = [], []
    for place, sample in enumerate(samples):
        # CloudWatch takes two weeks back and two hours ahead. One sample beyond that would cost the whole request.
        if not now - 14 * 86_400 < sample["at"] < now + 2 * 3_600:
            skipped.append(place)
            continue
        # CloudWatch does not sum over dimensions: each way to read is a metric of its own.
        for reader in need["readers"]:
            data.append(
                {
                    "MetricName": "JobSeconds",
                    "Dimensions": [{"Name": name, "Value": sample[name]} for name in reader],
                    "Timestamp": datetime.fromtimestamp(sample["at"], UTC),
                    "Value": sample["seconds"],
                }
            )
    for first in range(0, len(data), 20):
        cloudwatch.put_metric_data(Namespace=need["namespace"], MetricData=data[first : first + 20])
    return skipped
