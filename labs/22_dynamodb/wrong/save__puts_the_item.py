# fails: whole
# PutItem replaces the whole item.
def save_score(dynamodb, need, player, game, score):
    """Store the score if it is the player's best in this game. Returns whether it was stored.

    Raises TimeoutError if the table refuses writes for longer than need["patience_s"] seconds.
    """
    give_up_at = time.time() + need["patience_s"]
    longest_wait_s = 0.5
    while True:
        try:
            dynamodb.put_item(
                TableName=need["table"],
                Item=to_item({"player": player, "game": game, "score": score}),
                ConditionExpression="attribute_not_exists(score) OR score < :score",
                ExpressionAttributeValues={":score": {"N": str(score)}},
            )
            return True
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False  # an answer, not a failure
        except dynamodb.exceptions.ProvisionedThroughputExceededException:
            if time.time() >= give_up_at:
                raise TimeoutError("the table takes no writes") from None
        # By chance, so that consoles do not come back all at once; never so long that "soon" is missed.
        time.sleep(random.uniform(longest_wait_s / 2, longest_wait_s))
        longest_wait_s = min(2 * longest_wait_s, need["soon_s"] / 2)
