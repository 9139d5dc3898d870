"""Worker threads: results in order, few of them waiting, and an end at once when something goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from replay_viewer.render.threads import OrderedWorkers


def square() -> Callable[[int], int]:
    return lambda number: number**2


@pytest.mark.parametrize("num_workers", [1, 2, 7])
def test_results_come_in_order(num_workers: int) -> None:
    # The first items wait until a later one is done, unless there is nobody to do it.
    later = threading.Event()

    def work(number: int) -> int:
        if number < num_workers - 1:
            assert later.wait(30)
        if number == num_workers - 1:
            later.set()
        return number**2

    with OrderedWorkers(lambda: work, num_workers) as workers:
        assert list(workers.map(range(100))) == [number**2 for number in range(100)]


def test_only_a_few_items_are_taken_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    with OrderedWorkers(square, 3) as workers:
        for number, _ in enumerate(workers.map(items())):
            assert len(taken) <= number + 3 + 2


def test_each_thread_has_its_own() -> None:
    made: list[threading.Thread] = []
    together = threading.Barrier(3, timeout=30)

    def make() -> Callable[[int], threading.Thread]:
        owner = threading.current_thread()
        made.append(owner)

        def work(number: int) -> threading.Thread:
            if number < 3:
                together.wait()  # So that all three have something to do.
            assert threading.current_thread() is owner
            return owner

        return work

    with OrderedWorkers(make, 3) as workers:
        assert set(workers.map(range(50))) == set(made)
    assert len(set(made)) == 3


def test_an_error_comes_out_in_its_place_and_ends_the_threads() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError(f"item {number}")
        return number

    before = threading.active_count()
    found: list[int] = []
    with pytest.raises(ValueError, match="item 5"), OrderedWorkers(lambda: work, 2) as workers:
        found.extend(workers.map(range(10**9)))
    assert found == [0, 1, 2, 3, 4]
    assert threading.active_count() == before


def test_whoever_stops_taking_results_waits_for_what_runs_only() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    with OrderedWorkers(lambda: work, 2) as workers:
        results = workers.map(range(10**9))
        assert next(results) == 0
        results.close()
    assert len(begun) <= 2 + 2


def test_an_error_of_the_items_comes_out() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"), OrderedWorkers(square, 2) as workers:
        list(workers.map(items()))
