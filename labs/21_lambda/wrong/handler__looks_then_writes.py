# fails: together, halfway
import json
import os
import time

import boto3

dynamodb = boto3.client("dynamodb")


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


def note(order_id, **more):
    dynamodb.put_item(TableName=os.environ["ORDERS"], Item={"id": {"S": order_id}}, **more)


def noted(order_id):
    return "Item" in dynamodb.get_item(TableName=os.environ["ORDERS"], Key={"id": {"S": order_id}}, ConsistentRead=True)


def book(record):
    order_id, customer, cents, order = read(record["body"])
    lay_out(order)
    if not noted(order_id):
        add(customer, cents)
        note(order_id)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            book(record)
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
