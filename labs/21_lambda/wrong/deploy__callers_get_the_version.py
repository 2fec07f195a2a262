# fails: moves
def deploy(lambda_, role_arn, code, need):
    lambda_.create_function(
        FunctionName=need["function"],
        Runtime="python3.13",
        Handler="lambda_function.handler",
        Role=role_arn,
        Code={"ZipFile": code},
        MemorySize=fitting(need),
        Timeout=need["largest_s"] + 1,
    )
    made = lambda_.publish_version(FunctionName=need["function"])
    lambda_.create_alias(FunctionName=need["function"], Name=need["alias"], FunctionVersion=made["Version"])
    return made["FunctionArn"]


def fitting(need):
    return round(1769 * need["compute_vcpu_s"] / (need["done_within_s"] - need["wait_s"])) + 2
