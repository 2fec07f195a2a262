# fails: share, finish, back
def begin_release(lambda_, code, need):
    new = lambda_.update_function_code(FunctionName=need["function"], ZipFile=code, Publish=True)["Version"]
    lambda_.update_alias(FunctionName=need["function"], Name=need["alias"], FunctionVersion=new)


def end_release(lambda_, seen, need):
    """Nothing is left to decide."""
