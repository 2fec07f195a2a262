"""The Lambda data plane: which call goes where."""

from __future__ import annotations

from typing import ClassVar

from helpers.cloud import DataPlane


class Lambda(DataPlane):
    """Lambda as AWS documents it."""

    service: ClassVar[str] = "lambda"
