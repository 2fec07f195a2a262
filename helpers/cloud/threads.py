"""Threads and actors do not mix: an actor's thread would run in real time, beside the clock.

An actor that starts one is told so. boto3's own transfers (`upload_file` and its kind) are made in the caller
instead of in a pool of threads: they work, count as the actor's, and their calls come in one order.
"""

from __future__ import annotations

import copy
import threading
from typing import Any

import boto3.s3.transfer

from helpers.cloud import actor as actors
from helpers.cloud import scheduler
from helpers.cloud.touch import replace

_start = threading.Thread.start
_create_manager = boto3.s3.transfer._create_default_transfer_manager


def _start_unless_in_actor(self: threading.Thread) -> None:
    if actors.current is not None and scheduler.here():
        raise RuntimeError(
            f"{actors.current.name} tried to start a thread, which would run in real time: "
            "spawn another actor instead."
        )
    _start(self)


def _manager_without_threads(client: Any, config: Any, osutil: Any) -> Any:
    config = copy.copy(config)
    config.use_threads = False
    return _create_manager(client, config, osutil)


def install() -> None:
    """Refuse threads in actors; make boto3's transfers in the caller."""
    replace(
        threading.Thread,
        "start",
        _start_unless_in_actor,
        because="an actor is told that threads do not work in it",
    )
    replace(
        boto3.s3.transfer,
        "_create_default_transfer_manager",
        _manager_without_threads,
        because="transfers work in actors and in one order",
    )
