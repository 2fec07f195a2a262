# fails: order, live, units, queries
# An empty list costs nothing.
def top(dynamodb, need, game, now):
    return []
