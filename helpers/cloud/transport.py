"""How an API call gets from boto3 to the account that answers it.

Every client belongs to the Cloud that was open when it was made. boto3's call is taken at its one entrance
(`_make_api_call`): a call that a data plane answers stays in Python and is never serialised; any other goes
the usual way,
through botocore, into moto. Both leave one row in the trail per attempt, both pass botocore's own validation
and retries.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import botocore.client
import botocore.config
import botocore.endpoint
import botocore.errorfactory
import botocore.handlers
import botocore.loaders
import botocore.retries.bucket
import botocore.retries.standard
import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from moto.core import botocore_stubber
from moto.iam.models import get_account_id_from

from helpers.cloud import actor as actors
from helpers.cloud import clock, learner, scheduler
from helpers.cloud.call import Call, NotMocked, SealedError, ServiceError, Stopped
from helpers.cloud.mock import direct, ids, state
from helpers.cloud.touch import replace
from helpers.cloud.trail import Row, copied

if TYPE_CHECKING:
    from helpers.cloud.account import Account

_call_through_botocore = botocore.client.BaseClient._make_api_call
_get_response = botocore.endpoint.Endpoint._get_response
_create_client = botocore.session.Session.create_client
_init_session = botocore.session.Session.__init__
_default_session = boto3._get_default_session
_ask_moto: Callable[[Any, Any], Any]  # what stands there when this is installed

_OWN_KEY = "testing"
_PASSES = (NotMocked, SealedError, Stopped)  # raised to the caller as they are


@dataclass
class Hooks:
    """What data planes registered with a Cloud, by (service, operation)."""

    answers: dict[tuple[str, str], Callable[[Call], dict[str, Any] | None]] = field(default_factory=dict)
    amendments: dict[tuple[str, str], list[Callable[[Call, dict[str, Any]], None]]] = field(
        default_factory=dict
    )
    checks: dict[tuple[str, str], list[Callable[[Call], None]]] = field(default_factory=dict)
    deliveries: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def handler(self, service: str, operation: str) -> Callable[[Call], dict[str, Any] | None] | None:
        """What answers the operation: a data plane, moto with a data plane's corrections, or None for moto
        alone.
        """
        key = service, operation
        answer = self.answers.get(key)
        checks = self.checks.get(key)
        amendments = self.amendments.get(key)
        if not checks and not amendments:
            return answer

        def corrected(call: Call) -> dict[str, Any] | None:
            for check in checks or ():
                check(call)
            response = call.forward() if answer is None else answer(call)
            for amend in amendments or ():
                amend(call, response or {})
            return response

        return corrected


@dataclass(slots=True)
class _InProgress:
    account: Account
    parameters: dict[str, Any]
    call: int
    region: str
    access_key: str
    attempt: int = 0


_in_progress: contextvars.ContextVar[_InProgress | None] = contextvars.ContextVar("api_call", default=None)
_asking: contextvars.ContextVar[Account | None] = contextvars.ContextVar("asking", default=None)
_on_behalf: contextvars.ContextVar[tuple[int, int] | None] = contextvars.ContextVar("on_behalf", default=None)

# Sessions and clients


def session_of(account: Account) -> Any:
    """The boto3 session of `account`, made the first time it is asked for."""
    session = account.__dict__.get("_session")
    if session is None:
        session = account.__dict__["_session"] = boto3.Session()
        session._session._course_cloud = account
    return session


_loader = botocore.loaders.create_loader()  # reading the service models is what makes a session slow
_exceptions = (
    botocore.errorfactory.ClientExceptionsFactory()
)  # so that an `except` fits the errors of any session


def add_data(folder: str) -> None:
    """Let every session find the data files in `folder`, too."""
    if folder not in _loader.search_paths:
        _loader.search_paths.append(folder)


def _session_init(self: Any, *arguments: Any, **options: Any) -> None:
    _init_session(self, *arguments, **options)
    self.register_component("data_loader", _loader)
    self._internal_components.register_component("exceptions_factory", _exceptions)
    self._course_cloud = current()


def _unbound_default_session() -> Any:
    # boto3.client("sqs") uses one session for the process; it belongs to whichever Cloud is open.
    session = _default_session()
    session._session._course_cloud = None
    return session


def _client_created(
    self: Any, service_name: str, region_name: str | None = None, *rest: Any, **options: Any
) -> Any:
    account: Account | None = getattr(self, "_course_cloud", None) or current()
    if account is None:
        # Making it must work, as modules make clients on import; every call on it is refused.
        region_name = region_name or self.get_config_variable("region") or "us-east-1"
    else:
        region_name = region_name or self.get_config_variable("region") or account.region
    client = _create_client(self, service_name, region_name, *rest, **options)
    client._course_cloud = account
    return client


# Making a client takes milliseconds. Whoever registers no handlers with it can do with a copy of one that is made once.


@functools.cache
def _shared_client(service: str, region: str) -> Any:
    return boto3.Session().client(service, region_name=region)


def shared_client(account: Account, service: str, region: str) -> Any:
    """A client of `account` that shares its handlers, and from now on its quota of retries, with all that this function
    gives. The quota is full, as that of a new client is.
    """
    client = _shared_client(service, region)
    for handler in client.meta.events._emitter._handlers.prefix_search(_needs_retry(client)):
        owner = getattr(handler, "__self__", None)
        if isinstance(owner, botocore.retries.standard.RetryHandler):
            quota = owner._retry_quota._quota
            quota._available_capacity = quota._max_capacity
    return _bound(client, account)


def _needs_retry(client: Any) -> str:
    return f"needs-retry.{client.meta.service_model.service_id.hyphenize()}"


def _bound(client: Any, account: Account) -> Any:
    """The same client, for the calls of `account`."""
    bound = object.__new__(
        type(client)
    )  # `copy` would ask the empty copy for an attribute, and that for another
    bound.__dict__.update(client.__dict__, _course_cloud=account)
    return bound


def current() -> Account | None:
    """The Cloud of the code that runs now: the actor's, or the innermost open one."""
    if scheduler.here() and actors.current is not None:
        return actors.current.account
    return learner.innermost()


def _cloud_of(client: Any) -> Account:
    account: Account | None = getattr(client, "_course_cloud", None)
    if account is None:
        raise SealedError(
            "This client was made while no Cloud was open, so its call was refused: "
            "open a Cloud first (Cloud.open()), then make the client."
        )
    if account.closed:
        raise SealedError(
            "This client belongs to a Cloud that is closed: make a new client in the one that is open."
        )
    return account


# Calls


def _make_api_call(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
    asking = _asking.get()
    if asking is not None:
        return _call_through_botocore(self, operation_name, api_params)
    account = _cloud_of(self)
    service = self.meta.service_model.service_name
    account.use(service)
    who = account._acting()
    if who is not None:
        who.take_turn()
    behalf = _on_behalf.get()
    if behalf is None:
        account._calls += 1
        progress = _InProgress(account, copied(api_params), account._calls, *_signed(self))
    else:
        progress = _InProgress(account, copied(api_params), behalf[0], *_signed(self), behalf[1] - 1)
    handler = account.hooks.handler(service, operation_name)
    token = _in_progress.set(progress)
    try:
        if handler is not None:
            return _answered(self, service, operation_name, api_params, handler, progress)
        return _call_through_botocore(self, operation_name, api_params)
    finally:
        _in_progress.reset(token)


def _signed(client: Any) -> tuple[str, str]:
    """The Region and the access key of the client; the key is empty for the account's own credentials."""
    credentials = client._request_signer._credentials
    own = credentials is None or credentials.access_key == _OWN_KEY
    return client.meta.region_name, "" if own else credentials.access_key


def _request_context(client: Any, model: Any) -> dict[str, Any]:
    """What botocore tells its handlers about a request, as far as a call that is not sent needs it."""
    return {
        "client_region": client.meta.region_name,
        "client_config": client.meta.config,
        "has_streaming_input": model.has_streaming_input,
        "auth_type": model.resolved_auth_type,
        "unsigned_payload": model.unsigned_payload,
    }


def _answered(
    client: Any,
    service: str,
    operation_name: str,
    parameters: dict[str, Any],
    handler: Callable[[Call], dict[str, Any] | None],
    progress: _InProgress,
) -> Any:
    """The call as botocore makes it, with a data plane in the place of serialising, signing, sending and
    parsing.
    """
    account = progress.account
    model = client._service_model.operation_model(operation_name)
    context = _request_context(client, model)
    parameters = client._emit_api_params(api_params=parameters, operation_model=model, context=context)
    if model.input_shape is not None:
        report = client._serializer._param_validator.validate(parameters, model.input_shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
    events = client.meta.events
    name = f"{client._service_model.service_id.hyphenize()}.{operation_name}"
    request = {"context": context, "headers": {}, "body": b"", "url_path": "/", "method": "POST"}
    _, answer = events.emit_until_response(
        f"before-call.{name}",
        model=model,
        params=request,
        request_signer=client._request_signer,
        context=context,
    )
    if answer is None:
        call = Call(
            account,
            service,
            operation_name,
            parameters,
            client.meta.region_name,
            _account_id(account, client),
            account._who(),
            progress.attempt + 1,
            lambda changed: _forward(client, account, model, changed, context, call.account_id),
        )
        answer = _attempts(client, account, model, name, request, handler, call, progress)
    http, parsed = answer
    events.emit(f"after-call.{name}", http_response=http, parsed=parsed, model=model, context=context)
    if http.status_code >= 300:
        code = context.get("error_code_override") or parsed.get("Error", {}).get("Code")
        raise client.exceptions.from_code(code)(parsed, operation_name)
    return parsed


class _Http:
    """What botocore's retry handlers look at in an HTTP response."""

    raw = None  # there is no body to be read once more

    def __init__(self, status_code: int, headers: dict[str, str]) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = b""


def _attempts(
    client: Any,
    account: Account,
    model: Any,
    name: str,
    request: dict[str, Any],
    handler: Callable[[Call], dict[str, Any] | None],
    call: Call,
    progress: _InProgress,
) -> tuple[_Http, dict[str, Any]]:
    endpoint = client._endpoint
    while True:
        start_us = account.now_us
        account.pause_us(clock.microseconds(account.api_latency_s))
        status, parsed, error = _one_attempt(account, handler, call)
        if parsed is None:  # the service said nothing but "done"
            parsed = {}
        response = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
        _write(progress, call.attempt, start_us, model, None if error else response, error)
        http = _Http(status, _metadata(account, client, parsed, status, error))
        # A success at the first attempt asks for no retry; only the adaptive mode's limiter wants to hear of it.
        heard = call.attempt > 1 or status >= 300 or client.meta.config.retries.get("mode") == "adaptive"
        if heard and endpoint._needs_retry(call.attempt, model, request, (http, parsed)):
            call.attempt += 1
            continue
        parsed["ResponseMetadata"]["RetryAttempts"] = call.attempt - 1
        return http, parsed


def _one_attempt(
    account: Account, handler: Callable[[Call], dict[str, Any] | None], call: Call
) -> tuple[int, dict[str, Any] | None, str | None]:
    who = account._acting()
    if who is not None:
        who.in_service = True
    try:
        with state.lock:
            account._state.activate()  # type: ignore[union-attr]  # the client's Cloud is open
            try:
                return 200, handler(call), None
            except ServiceError as error:
                if error.parsed is not None:
                    return error.status, error.parsed, error.code
                return error.status, _error_answer(error), error.code
    except actors.Eviction:
        if who is not None:
            who.in_service = False
            who.evict()
        raise
    except (*_PASSES, actors.ActorDropped, KeyboardInterrupt):
        raise
    except Exception as defect:
        defect.add_note(
            f"A defect of the course, in its model of {call.service} {call.operation}: please report it."
        )
        if who is not None and account._run is not None:
            account._run.failure = defect  # the learner's own `except` must not hide it
            who.in_service = False
            who.error = defect
            who.evict()
        raise
    finally:
        if who is not None:
            who.in_service = False


def _error_answer(error: ServiceError) -> dict[str, Any]:
    fault = "Sender" if error.sender_fault else "Receiver"
    return {"Error": {"Message": error.message, "Code": error.code, "Type": fault}}


def _metadata(
    account: Account, client: Any, parsed: dict[str, Any], status: int, error: str | None
) -> dict[str, str]:
    """Give the answer the ResponseMetadata that moto would give it, unless moto did; returns the headers."""
    known = parsed.get("ResponseMetadata")
    if (
        known is not None
    ):  # the checksum is that of a body that is not here: botocore would see a broken answer
        return {name: text for name, text in known["HTTPHeaders"].items() if name != "x-amz-crc32"}
    with state.lock:
        account._state.activate()  # type: ignore[union-attr]  # the client's Cloud is open
        request_id = ids.request_id()
    version = client._service_model.metadata.get("jsonVersion", "1.0")
    date = formatdate(account.epoch_us // 1_000_000, usegmt=True)
    if error is None:
        headers = {
            "content-type": f"application/x-amz-json-{version}",
            "server": "amazon.com",
            "date": date,
            "x-amzn-requestid": request_id,
        }
    else:
        fault = parsed["Error"].get("Type", "Sender")  # a protocol other than SQS's says it elsewhere, or not
        shape = parsed["Error"].get("QueryErrorCode", error)
        headers = {
            "server": "amazon.com",
            "date": date,
            "x-amzn-errortype": f"com.amazonaws.{client._service_model.service_name}#{shape}",
            "content-type": f"application/x-amz-json-{version}",
            "x-amzn-query-error": f"{error};{fault}",
            "status": str(status),
            "x-amzn-requestid": request_id,
        }
    parsed["ResponseMetadata"] = {
        "RequestId": request_id,
        "HTTPStatusCode": status,
        "HTTPHeaders": headers,
        "RetryAttempts": 0,
    }
    return headers


def _forward(
    client: Any,
    account: Account,
    model: Any,
    parameters: dict[str, Any],
    context: dict[str, Any],
    account_id: str,
) -> Any:
    """What moto answers to one attempt, without retries and without a trail: at once where moto's handler can be
    asked, else by the usual way through botocore.
    """
    at_once = _at_once(client, account, model, parameters, account_id)
    if at_once is not None:
        return at_once
    context = dict(context, retries={"attempt": 1, "invocation-id": "forwarded"})
    endpoint_url, headers, properties = client._resolve_endpoint_ruleset(model, parameters, context)
    if properties:
        context["endpoint_properties"] = properties
    request_dict = client._convert_to_request_dict(
        api_params=parameters,
        operation_model=model,
        endpoint_url=endpoint_url,
        context=context,
        headers=headers,
    )
    request = client._endpoint.create_request(request_dict, model)
    token = _asking.set(account)
    try:
        success, failure = client._endpoint._do_get_response(request, model, context)
    finally:
        _asking.reset(token)
    if failure is not None:
        raise failure
    http, parsed = success
    if http.status_code >= 300:
        error = parsed.get("Error", {})
        raise ServiceError(error.get("Code", ""), error.get("Message", ""), http.status_code, parsed=parsed)
    parsed["ResponseMetadata"].setdefault("RetryAttempts", 0)
    return parsed


def _at_once(
    client: Any, account: Account, model: Any, parameters: dict[str, Any], account_id: str
) -> dict[str, Any] | None:
    """What moto's handler answers, or None where the usual way must be taken."""
    service = model.service_model.service_name
    if not direct.knows(service, model.name):
        return None
    with clock.seen_from(account):
        return direct.answer(
            service,
            model.name,
            parameters,
            client.meta.region_name,
            account_id,
            model.output_shape.members,
            client.meta.endpoint_url,
        )


def _account_id(account: Account, client: Any) -> str:
    credentials = client._request_signer._credentials
    if credentials is None or credentials.access_key == _OWN_KEY:
        return account.account_id
    with state.lock:
        account._state.activate()  # type: ignore[union-attr]  # the client's Cloud is open
        return str(get_account_id_from(credentials.access_key))


# The usual way: one row per attempt, moto's state in place


def _attempt_through_botocore(self: Any, request: Any, operation_model: Any, context: Any) -> Any:
    progress = _in_progress.get()
    if progress is None or _asking.get() is not None:
        return _get_response(self, request, operation_model, context)
    account = progress.account
    progress.attempt += 1
    start_us = account.now_us
    account.pause_us(clock.microseconds(account.api_latency_s))
    who = account._acting()
    if who is not None:
        who.in_service = True
    try:
        success, failure = _get_response(self, request, operation_model, context)
    finally:
        if who is not None:
            who.in_service = False
    response: dict[str, Any] | None = None
    error: str | None = None
    if success is None:
        error = type(failure).__name__
    elif success[0].status_code >= 300:
        error = success[1].get("Error", {}).get("Code")
    else:
        response = {key: value for key, value in success[1].items() if key != "ResponseMetadata"}
    _write(progress, progress.attempt, start_us, operation_model, response, error)
    return success, failure


def account_at_work() -> Account | None:
    """The Cloud for which moto works now: the caller's, or the one that is open."""
    progress = _in_progress.get()
    return _asking.get() or (progress.account if progress is not None else current())


def entropy_at_work() -> Random | None:
    """The stream for what moto and botocore draw beside moto's ids."""
    account = account_at_work()
    return None if account is None or account._state is None else account._state.entropy


def _process_request(self: Any, request: Any) -> Any:
    account = account_at_work()
    if account is None or account.closed:
        raise SealedError(f"{request.method} {request.url} was refused: no Cloud is open.")
    with state.lock, clock.seen_from(account):
        account._state.activate()  # type: ignore[union-attr]  # it is open
        return _ask_moto(self, request)


def _write(
    progress: _InProgress,
    attempt: int,
    start_us: int,
    model: Any,
    response: dict[str, Any] | None,
    error: str | None,
) -> None:
    """The row of an attempt that ends now."""
    account = progress.account
    account._trail.add(
        Row(
            start_us,
            progress.call,
            attempt,
            account.now_us,
            account._who(),
            model.service_model.service_name,
            model.name,
            progress.parameters,
            copied(response),
            error,
            progress.region,
            progress.access_key,
        )
    )


def record(
    account: Account,
    who: str,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    response: dict[str, Any] | None,
    error: str | None,
    began_us: int | None = None,
) -> None:
    """A row for what `service` did for `who`, or by itself, since `began_us` or at this instant."""
    account._calls += 1
    now_us = account.now_us
    account._trail.add(
        Row(
            now_us if began_us is None else began_us,
            account._calls,
            1,
            now_us,
            who,
            service,
            operation,
            copied(parameters),
            copied(response),
            error,
        )
    )


def ask(
    account: Account,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    region: str,
    account_id: str | None,
) -> Any:
    """A question to moto that leaves no trace; see `Account.ask`."""
    client = _shared_client(service, region)
    model = client._service_model.operation_model(operation)
    context = _request_context(client, model)
    if service == "s3":  # here botocore moves the bucket from the path into the host
        parameters = client._emit_api_params(api_params=parameters, operation_model=model, context=context)
    with state.lock:
        account._state.activate()  # type: ignore[union-attr]  # the caller has checked
        if direct.only_reads(service, operation):
            found = _at_once(client, account, model, parameters, account_id or account.account_id)
            if found is not None:
                return found
        drawn = ids.generator.getstate()
        try:
            answer = _forward(client, account, model, parameters, context, account_id or account.account_id)
        finally:
            ids.generator.setstate(drawn)
    answer.pop("ResponseMetadata", None)
    return answer


@functools.cache
def _single_attempt_client(service: str, region: str) -> Any:
    """What `attempt` copies: a client that never retries, and leaves the answer as it came."""
    once = botocore.config.Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = boto3.Session().client(service, region_name=region, config=once)
    for event, handler, *_ in botocore.handlers.BUILTIN_HANDLERS:
        # The client elsewhere has these: once is enough.
        if event.startswith("after-call") and handler is not botocore.handlers.parse_get_bucket_location:
            client.meta.events.unregister(event, handler)
    return client


def expect_attempts(services: Iterable[str], region: str) -> None:
    """Make ahead what `attempt` needs for these services, in a process that will be forked."""
    for service in services:
        _single_attempt_client(service, region)


def attempt(
    account: Account,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    *,
    region: str,
    call: int | None,
    number: int,
) -> tuple[dict[str, Any], int]:
    """One attempt of a call that a client elsewhere makes: attempt `number` of the call `call` (None: a new call).

    Takes the virtual time of a request and leaves a row. Returns the parsed answer, errors included, with its
    ResponseMetadata, and the number of the call. Raises what botocore raises for parameters that do not fit, NotMocked,
    SealedError.
    """
    client = _bound(_single_attempt_client(service, region), account)
    if call is None:
        account._calls += 1
        call = account._calls
    token = _on_behalf.set((call, number))
    try:
        return client._make_api_call(operation, parameters), call
    except ClientError as error:
        # The client elsewhere may try again.
        error.response["ResponseMetadata"].pop("MaxAttemptsReached", None)
        return error.response, call
    finally:
        _on_behalf.reset(token)


def _wait_in_virtual_time(self: Any, amount: int, block: bool) -> bool:
    # botocore's adaptive retries wait on a condition variable, in real time; the wall clock they read is virtual.
    self._refill()
    if amount > self._current_capacity and not block:
        raise botocore.retries.bucket.CapacityNotAvailableError
    while (wait_s := self._sleep_amount(amount)) > 0:
        self._clock.sleep(wait_s)
        self._refill()
    self._current_capacity -= amount
    return True


def _pause_before_retry(self: Any, context: Any) -> Any:
    # An actor draws from its own stream; a cell would draw from the kernel's, and no run would be like another.
    stream = None if scheduler.here() else entropy_at_work()
    if stream is None:
        return _draw_pause(self, context)
    before, self._random = self._random, stream.random
    try:
        return _draw_pause(self, context)
    finally:
        self._random = before


_draw_pause = botocore.retries.standard.ExponentialBackoff.delay_amount


def install() -> None:
    """Take boto3's calls, bind its clients and sessions, and activate a Cloud's state before moto is asked."""
    global _ask_moto
    client, session = botocore.client.BaseClient, botocore.session.Session
    replace(client, "_make_api_call", _make_api_call, because="every call has one entrance")
    replace(
        botocore.endpoint.Endpoint,
        "_get_response",
        _attempt_through_botocore,
        because="each attempt is in the trail",
    )
    replace(session, "__init__", _session_init, because="a session belongs to the Cloud it was made in")
    replace(session, "create_client", _client_created, because="a client belongs to the Cloud it was made in")
    replace(
        boto3,
        "_get_default_session",
        _unbound_default_session,
        because="boto3.client uses the Cloud that is open",
    )
    replace(boto3, "DEFAULT_SESSION", None, because="a session made before the seal is not used")
    _ask_moto = replace(
        botocore_stubber.BotocoreStubber,
        "process_request",
        _process_request,
        because="a Cloud's state is there when moto works",
    )
    replace(
        botocore.retries.bucket.TokenBucket,
        "_acquire",
        _wait_in_virtual_time,
        because="adaptive retries wait in virtual time",
    )
    replace(
        botocore.retries.standard.ExponentialBackoff,
        "delay_amount",
        _pause_before_retry,
        because="the pauses before retries repeat with the seed",
    )
