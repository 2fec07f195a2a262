# fails: fresh, together
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


def both(order_id, customer, cents):
    """Both or neither, once."""
    note = {
        "TableName": os.environ["ORDERS"],
        "Item": {"id": {"S": order_id}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    money = {
        "TableName": os.environ["BALANCES"],
        "Key": {"customer": {"S": customer}},
        "UpdateExpression": "ADD owes :cents",
        "ExpressionAttributeValues": {":cents": {"N": str(cents)}},
    }
    try:
        dynamodb.transact_write_items(TransactItems=[{"Put": note}, {"Update": money}])
    except dynamodb.exceptions.TransactionCanceledException as error:
        if error.response["CancellationReasons"][0]["Code"] != "ConditionalCheckFailed":
            raise


def book(record):
    order_id, customer, cents, order = read(record["body"])
    lay_out(order)
    both(record["messageId"], customer, cents)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            book(record)
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
