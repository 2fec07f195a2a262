# fails: fresh, together, halfway
import json
import os
import time

import boto3

dynamodb = boto3.client("dynamodb")
booked = set()


def lay_out(order):
    time.sleep(order["layout_s"])


def read(body):
    order = json.loads(body)
    if order["cents"] <= 0:
        raise ValueError("an order that costs nothing")
    return order["order"], order["customer"], order["cents"], order


def add(customer, cents):
    dynamodb.update_item(
        TableName=os.environ["BALANCES"],
        Key={"customer": {"S": customer}},
        UpdateExpression="ADD owes :cents",
        ExpressionAttributeValues={":cents": {"N": str(cents)}},
    )


def book(record):
    order_id, customer, cents, order = read(record["body"])
    lay_out(order)
    if order_id not in booked:
        add(customer, cents)
        booked.add(order_id)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            book(record)
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
