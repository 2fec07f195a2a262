"""No way out: what is sealed for the life of the process when the course is imported.

Real credentials, profiles and the instance metadata service are put out of reach; botocore's and `requests`'
real senders refuse; a socket to anything but this machine is refused. A child process (`!aws s3 ls`) inherits
an endpoint at which nobody listens.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

from helpers.cloud.call import SealedError
from helpers.cloud.touch import replace

NOBODY = "http://127.0.0.1:9"
"""An endpoint on this machine at which nothing answers; in-process clients ignore it, child processes fail at
it.
"""


_EVERY_INTERFACE = ("0.0.0.0", "::")  # noqa: S104  # nobody binds here: connecting to it reaches this machine


def _refuse_host(host: Any) -> None:
    if host is None or host in ("", "localhost", b"localhost"):
        return
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        if ipaddress.ip_address(text.partition("%")[0]).is_loopback or text in _EVERY_INTERFACE:
            return
    except ValueError:
        pass
    raise SealedError(f"A connection to {text} was refused: nothing in this course leaves the machine.")


_hidden: list[str] = []


def hidden_variables() -> list[str]:
    """The names of the AWS settings that this process had in its environment when it was sealed, without their
    values.
    """
    return sorted(_hidden)


def _seal_environment() -> None:
    ours = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
        "AWS_ENDPOINT_URL": NOBODY,
        "MOTO_ENABLE_AMI_VALIDATION": "true",
        "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    }
    theirs = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "BOTO_"))}
    for name in theirs:
        del os.environ[name]
    # A child of a sealed process inherits ours; those are nobody's.
    _hidden.extend(name for name, value in theirs.items() if value != ours.get(name))
    os.environ.update(ours)


def _seal_sockets() -> None:
    real = socket.socket

    def guarded(name: str) -> Any:
        method = getattr(real, name)

        def connect(self: socket.socket, address: Any, *rest: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                _refuse_host(address[0])
            return method(self, address, *rest)

        return connect

    for name in ("connect", "connect_ex"):
        replace(real, name, guarded(name), because="no socket reaches another machine")
    send_to = real.sendto

    def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_host(rest[-1][0])
        return send_to(self, data, *rest)

    replace(real, "sendto", sendto, because="no datagram reaches another machine")
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        look_up = getattr(socket, name)

        def resolve(host: Any, *rest: Any, _look_up: Any = look_up, **options: Any) -> Any:
            _refuse_host(host)
            return _look_up(host, *rest, **options)

        replace(socket, name, resolve, because="no name is looked up")


def _seal_senders() -> None:
    import botocore.httpsession
    from moto.core.models import responses_mock

    def refuse_botocore(self: Any, request: Any) -> Any:
        raise SealedError(
            f"{request.method} {request.url} was refused: it is not mocked and nothing leaves the machine."
        )

    def refuse_requests(adapter: Any, request: Any, *_rest: Any, **_options: Any) -> Any:
        raise SealedError(
            f"{request.method} {request.url} was refused: it is not mocked and nothing leaves the machine."
        )

    replace(
        botocore.httpsession.URLLib3Session, "send", refuse_botocore, because="what is not mocked is not sent"
    )
    replace(responses_mock, "_real_send", refuse_requests, because="what is not mocked is not sent")


def _seal_endpoints() -> None:
    import botocore.configprovider

    provide = botocore.configprovider.ConfiguredEndpointProvider.provide

    def without_nobody(self: Any) -> Any:
        endpoint = provide(self)
        return None if endpoint == NOBODY else endpoint

    provider = botocore.configprovider.ConfiguredEndpointProvider
    replace(
        provider,
        "provide",
        without_nobody,
        because="clients here ignore the endpoint that seals child processes",
    )


def install() -> None:
    """Seal the process. moto must be imported before any client is made, so it is imported and started here."""
    _seal_environment()
    from moto import mock_aws

    mock_aws(config={"core": {"mock_credentials": False, "reset_boto3_session": False}}).start()
    _seal_senders()
    _seal_sockets()
    _seal_endpoints()
