# fails: collected
def set_filters(sns, subscriptions, need):
    """Let each subscription have the orders that its team needs, and no others.

    subscriptions: {"billing": ARN, "shipping": ARN, "audit": ARN}.
    need: {"large_eur": euros, "payment": str, "states": [str], "not_to": [str]}.
    """
    # Keys are joined by "and". Billing wants either of two, both in the body.
    billing = {"$or": [{"total": [{"numeric": [">=", need["large_eur"]]}]}, {"payment": [need["payment"]]}]}
    set_filter(sns, subscriptions["billing"], billing, "MessageBody")

    # anything-but is no match for an order without a country, so that is asked for as well.
    served = [{"anything-but": need["not_to"]}]
    set_filter(sns, subscriptions["shipping"], {"state": need["states"], "country": served}, "MessageAttributes")

    set_filter(sns, subscriptions["audit"], {}, "MessageAttributes")  # no filter: also what has no attributes


def set_filter(sns, subscription, policy, scope):
    """Set where the filter looks, then what it looks for."""
    for name, value in (("FilterPolicyScope", scope), ("FilterPolicy", json.dumps(policy))):
        sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName=name, AttributeValue=value)
