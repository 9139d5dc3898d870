"""Work in the background: what its owner sees of it. The work waits for the test, so that nothing depends on time."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from replay_viewer.errors import ReplayError
from replay_viewer.progress import Progress
from replay_viewer.viewer.background import Job


class Steps:
    """Work of ten steps, each of which waits until the test lets it go on."""

    def __init__(self) -> None:
        self.at: list[int] = []
        self._arrived, self._go_on = threading.Semaphore(0), threading.Semaphore(0)

    def work(self, progress: Progress) -> str:
        for number in range(10):
            progress(number, 10)
            self.at.append(number)
            self._arrived.release()
            self._go_on.acquire()
        return "result"

    def wait(self) -> None:
        assert self._arrived.acquire(timeout=10)

    def go_on(self, count: int = 1) -> None:
        self._go_on.release(count)


def test_a_job_runs_beside_its_owner_and_has_a_result() -> None:
    steps, told = Steps(), threading.Event()
    job = Job(steps.work, told.set)
    steps.wait()
    assert (job.state, job.result) == ("running", None)
    steps.go_on(2)
    steps.wait()
    steps.wait()
    assert (job.done, job.total) == (2, 10)
    steps.go_on(10)
    job.join(10)
    assert (job.state, job.result) == ("done", "result")
    assert told.is_set()


def test_a_cancelled_job_stops_at_the_next_step() -> None:
    steps = Steps()
    job = Job(steps.work, lambda: None)
    steps.wait()
    job.cancel()
    assert job.state == "running" and job.is_cancelling
    steps.go_on()
    job.join(10)
    assert job.state == "cancelled" and not job.is_cancelling
    assert steps.at == [0]


def test_cancelling_what_is_over_changes_nothing() -> None:
    job = Job(lambda progress: 5, lambda: None)
    job.join(10)
    job.cancel()
    assert (job.state, job.result) == ("done", 5)


def test_bad_input_is_told_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def work(progress: Progress) -> None:
        raise ReplayError("the disk is full")

    job = Job(work, lambda: None)
    job.join(10)
    assert (job.state, job.problem) == ("failed", "the disk is full")
    assert not caplog.records


def test_a_bug_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        job = Job(lambda progress: [][0], lambda: None)
        job.join(10)
    assert job.state == "failed" and job.problem.startswith("IndexError")
    assert caplog.records[0].exc_info


def test_the_rate_is_that_of_late() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        begun.set()
        assert go_on.wait(10)
        for number in range(8):
            progress(5 * number, 100)
            time.sleep(0.21)

    job = Job(work, lambda: None)
    assert begun.wait(10) and job.rate is None
    go_on.set()
    job.join(20)
    assert job.rate is not None and 0 < job.rate <= 25


def test_progress_is_not_told_at_every_step() -> None:
    told: list[None] = []

    def work(progress: Progress) -> None:
        for number in range(1000):
            progress(number, 1000)

    Job(work, lambda: told.append(None)).join(10)
    assert 1 <= len(told) < 500
