"""The Lambda data plane: which call goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane
from helpers.dataplane.awslambda.asynchronous import Asynchronous
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invoke import Invoke
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.mappings import Mappings
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.request_ids import RequestIds

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_CHANGES = (
    "CreateAlias", "CreateFunction", "DeleteAlias", "DeleteFunction", "DeleteFunctionConcurrency", "PublishVersion",
    "PutFunctionConcurrency", "UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration",
)  # fmt: skip
_STACK_CHANGES = ("CreateStack", "DeleteStack", "ExecuteChangeSet", "UpdateStack")


class Lambda(DataPlane):
    """Lambda as AWS documents it: moto holds functions, versions and aliases, this plane runs them.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "lambda"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self.functions = Functions(account)
        self.ids = RequestIds(account)
        self.invoker = Invoker(account, self.functions, self.models)
        cloud = cast("Cloud", account)
        events = cloud, self.functions, self.invoker, self.ids, Destinations(cloud), self.models
        self.asynchronous = Asynchronous(*events)
        self.mappings = Mappings(*events)
        invoke = Invoke(account, self.functions, self.invoker, self.ids, self.asynchronous.accept)
        account.answer("lambda", "Invoke", invoke)
        for service, operations in (("lambda", _CHANGES), ("cloudformation", _STACK_CHANGES)):
            for operation in operations:
                account.amend(service, operation, self._changed)

    def _changed(self, call: Call, response: dict[str, Any]) -> None:
        """What is known about functions may be wrong now."""
        self.functions.forget()
