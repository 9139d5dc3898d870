"""Worker threads, and what they share.

The results of the workers come in order, however long each takes, and few of them wait at a time.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Results that may wait beyond one for each worker, so that no worker waits for the one that takes the results.
_SPARE = 2


class OrderedWorkers(Generic[Item, Result]):
    """Threads that turn items into results. Leaving the `with` waits for what runs, and drops what waits.

    Args:
        make_work: gives what turns an item into a result; called once in each thread, which has its own.
        num_workers: threads, at least one.
    """

    def __init__(self, make_work: Callable[[], Callable[[Item], Result]], num_workers: int) -> None:
        self._make_work, self._own = make_work, threading.local()
        self._most = num_workers + _SPARE
        self._threads = ThreadPoolExecutor(num_workers, thread_name_prefix="render")

    def __enter__(self) -> OrderedWorkers[Item, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def map(self, items: Iterable[Item]) -> Generator[Result, None, None]:
        """The results in the order of the items, which are taken in the caller's thread, a few ahead.

        What a worker raises comes out in the place of its result; nothing further is begun then, nor when the caller
        closes the iterator.
        """
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._threads.submit(self._run, item))
                if len(waiting) >= self._most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for result in waiting:
                result.cancel()

    def _run(self, item: Item) -> Result:
        if not hasattr(self._own, "work"):
            self._own.work = self._make_work()
        return self._own.work(item)


def num_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cached_for_threads(function: Callable[..., Result], maxsize: int) -> Callable[..., Result]:
    """The function with its latest `maxsize` results kept; each is computed by one thread, the others wait for it."""
    cached, lock = lru_cache(maxsize)(function), threading.Lock()

    def call(*arguments: object) -> Result:
        with lock:
            return cached(*arguments)

    return call
