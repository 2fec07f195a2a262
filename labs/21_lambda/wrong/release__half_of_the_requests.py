# fails: share
def begin_release(lambda_, code, need):
    new = lambda_.update_function_code(FunctionName=need["function"], ZipFile=code, Publish=True)["Version"]
    weights = {new: 0.5}
    lambda_.update_alias(
        FunctionName=need["function"], Name=need["alias"], RoutingConfig={"AdditionalVersionWeights": weights}
    )


def end_release(lambda_, seen, need):
    named = {"FunctionName": need["function"], "Name": need["alias"]}
    alias = lambda_.get_alias(**named)
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if not weights:
        return
    (new,) = weights
    none = {"AdditionalVersionWeights": {}}
    if seen["errors"] > need["errors_at_most"]:
        lambda_.update_alias(**named, RoutingConfig=none)
    elif seen["requests"] >= need["decide_after"]:
        lambda_.update_alias(**named, FunctionVersion=new, RoutingConfig=none)
