"""Costly results that several threads ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import TypeVar

Result = TypeVar("Result")


def once_each(function: Callable[..., Result], maxsize: int) -> Callable[..., Result]:
    """The function with its latest `maxsize` results kept; each is computed by one thread, the others wait for it."""
    remembered, lock = lru_cache(maxsize)(function), Lock()

    def call(*arguments: object) -> Result:
        with lock:
            return remembered(*arguments)

    return call
