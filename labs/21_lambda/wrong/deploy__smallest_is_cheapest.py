# fails: size
def deploy(lambda_, role_arn, code, need):
    lambda_.create_function(
        FunctionName=need["function"],
        Runtime="python3.13",
        Handler="lambda_function.handler",
        Role=role_arn,
        Code={"ZipFile": code},
        MemorySize=128,
        Timeout=need["largest_s"] + 1,
    )
    version = lambda_.publish_version(FunctionName=need["function"])["Version"]
    return lambda_.create_alias(FunctionName=need["function"], Name=need["alias"], FunctionVersion=version)["AliasArn"]
