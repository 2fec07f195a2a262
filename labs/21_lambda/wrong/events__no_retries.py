# fails: tries
def connect_uploads(lambda_, s3, sqs, need):
    name, bucket = need["function"], need["bucket"]
    queue = sqs.create_queue(QueueName="failed-uploads")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    lambda_.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=need["useful_s"] + 30,
        DestinationConfig={"OnFailure": {"Destination": told["Attributes"]["QueueArn"]}},
    )
    lambda_.add_permission(
        FunctionName=name,
        StatementId="uploads",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount=need["account_id"],
    )
    function_arn = lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    uploads = {"LambdaFunctionArn": function_arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [uploads]}
    )
    return queue
