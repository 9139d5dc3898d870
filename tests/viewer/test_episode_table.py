"""The table of episodes in a running viewer: what pages are sent of it, where they lead, and what they cannot do."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_messages import asked, send, sent
from viser_servers import connected_browser

from replay_viewer.episodes.annotations import annotations_path, read_annotations
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import world_of
from replay_viewer.viewer.app import ViewerApp
from replay_viewer.viewer.opening.opening import OpenRequest

_TABLE = 'replayViewer.update({"table": '


def write_npz(path: Path, falls: bool = True) -> Path:
    """8 steps of 2 envs; of each, one episode of 4 steps ends, by a fall in the second env."""
    path.parent.mkdir(exist_ok=True)
    terminated, truncated = np.zeros((8, 2), bool), np.zeros((8, 2), bool)
    truncated[3, 0] = True
    (terminated if falls else truncated)[3, 1] = True
    pose = {"base_pos": np.zeros((8, 2, 3)), "base_quat": np.tile([0, 0, 0, 1.0], (8, 2, 1))}
    np.savez(path, **pose, terminated=terminated, truncated=truncated, rew=np.ones((8, 2)), dt=0.1)
    return path


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two recordings, of which the older one has a fall."""
    for seconds, name in ((2000, "old.npz"), (3000, "new.npz")):
        os.utime(write_npz(tmp_path / "runs" / name, falls=name == "old.npz"), (seconds, seconds))
    return tmp_path / "runs"


@contextlib.contextmanager
def showing(path: Path, folder: Path | None = None) -> Iterator[ViewerApp]:
    """A viewer that shows a recording, and lists a folder."""
    with ViewerApp(port=0) as app:
        if folder is not None:
            app.browse(OpenRequest(folder))
            until(lambda: app._table.stock.listing and app._table.stock.listing.num_read == 2)
        app.show(world_of([open_replay(path)]), request=OpenRequest(path))
        yield app


def until(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_at(app: ViewerApp, path: Path, env_id: int, step: int) -> bool:
    """Whether this is shown; between two recordings nothing is."""
    shown = app._shown
    if shown is None:
        return False
    session = shown.session
    return (session.replay.rollout.path, session.env_id, session.player.step) == (path, env_id, step)


def told(received: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the server has sent of the table."""
    scripts = [message["source"] for message in received if message.get("source", "").startswith(_TABLE)]
    return [json.loads(script[len("replayViewer.update(") : -2])["table"] for script in scripts]


def state(app: ViewerApp, *messages: dict[str, Any]) -> dict[str, Any]:
    """The table as a page that opens it and then sends these messages is told of it, once all is known."""
    until(lambda: app._table.stock.is_shown_known or _opened(app))
    merged: dict[str, Any] = {}
    for news in told(send(app, asked(app, "open_episodes", {"group": ""}), *messages)):
        merged.update(news)
    return merged


def _opened(app: ViewerApp) -> bool:
    send(app, asked(app, "open_episodes", {}))
    return app._table.stock.is_shown_known


def test_the_episodes_of_an_open_recording_are_read_when_the_table_is_opened(runs: Path) -> None:
    with showing(runs / "old.npz") as app:
        assert not app._table.stock.is_shown_known
        found = state(app)
        assert (found["numEpisodes"], found["numLines"], found["place"]) == (4, 4, 0)
        assert {kind: count for kind, count in found["kinds"].items() if count} == {
            "terminated": 1,
            "truncated": 1,
            "unfinished": 2,
        }


def test_of_the_recordings_that_are_folded_the_one_shown_is_not_when_the_table_is_opened(runs: Path) -> None:
    with showing(runs / "old.npz", runs) as app:
        state(app)
        news = told(send(app, asked(app, "open_episodes", {"group": "recording"})))
        assert [each["numLines"] for each in news if "numLines" in each][-1:] == [2 + 4]


def test_only_the_lines_that_are_asked_for_are_sent(runs: Path) -> None:
    with showing(runs / "old.npz", runs) as app:
        version = state(app)["version"]  # Every browser counts from the same number on.
        sees = [asked(app, "see_episodes", value) for value in ([version, 2, 3], [version + 7, 0, 9])]
        window = state(app, *sees)["window"]
        lines = [line[:4] for line in window["lines"]]
        assert (window["first"], lines) == (2, [[0, 0, 1, 0], [0, 0, 1, 1], [0, 1, 0, 0]])


def test_an_episode_leads_to_its_env_and_first_step_in_another_recording_too(runs: Path) -> None:
    with showing(runs / "new.npz", runs) as app:
        library = app._table.stock
        assert library.listing is not None
        old = library.listing.find(runs / "old.npz")
        assert old is not None
        state(app, asked(app, "go_to_episode", [old.number, 1, 1]))
        until(lambda: is_at(app, runs / "old.npz", 1, 4))
        send(app, asked(app, "go_to_episode", [old.number, 0, 0]))
        assert (app.session.env_id, app.session.player.step) == (0, 0)


def test_the_keys_for_failures_go_through_all_recordings_in_the_order_of_the_table(runs: Path) -> None:
    with showing(runs / "new.npz", runs) as app:
        state(app, asked(app, "go_to_next_failure"))
        until(lambda: is_at(app, runs / "old.npz", 1, 0))
        notices = [m for m in send(app, asked(app, "go_to_next_failure")) if m["type"] == "NotificationShowMessage"]
        assert "no failure after this" in notices[0]["props"]["body"]


def test_a_failure_is_gone_to_as_soon_as_the_episodes_are_known(runs: Path) -> None:
    with showing(runs / "old.npz") as app:
        send(app, asked(app, "go_to_next_failure"))
        with connected_browser(app.port):
            until(lambda: app.session.env_id == 1)


def test_a_note_stands_beside_the_recording_in_the_table_and_in_the_timeline(runs: Path) -> None:
    with showing(runs / "old.npz") as app:
        source = state(app)["current"]
        key = [source, 0, 0]
        received = send(
            app,
            asked(app, "seek", 2),
            asked(app, "open_episodes", {"group": ""}),
            asked(app, "note_episode", [key, "bad", None]),
            asked(app, "note_episode", [key, None, "it <slips>"]),
        )
        found = read_annotations(runs / "old.npz")[0, 0]
        assert (found.flag, found.text, found.step) == ("bad", "it <slips>", 2)
        assert app._table.marks() == [[2, "bad", "it <slips>"]]
        assert told(received)[-1]["version"] > told(received)[0].get("version", 0)
        assert sorted(path.name for path in runs.iterdir()) == ["new.npz", "old.npz", "old.npz.annotations.jsonl"]


def test_where_nothing_can_be_written_one_notice_says_so(runs: Path) -> None:
    annotations_path(runs / "old.npz").mkdir()
    with showing(runs / "old.npz") as app:
        source = state(app)["current"]
        received = send(app, asked(app, "note_episode", [[source, 0, 0], "bad", None]))
        notices = [m["props"]["body"] for m in received if m["type"] == "NotificationShowMessage"]
        assert len(notices) == 1 and "cannot be written" in notices[0]


def test_of_what_was_dropped_no_note_is_kept_and_a_notice_says_why(runs: Path) -> None:
    with showing(runs / "new.npz") as app:
        key = sent(app, "dropped.npz", (runs / "old.npz").read_bytes())
        send(app, asked(app, "open_upload", key))
        with connected_browser(app.port):
            until(lambda: app._shown is not None and app._shown.title == "dropped.npz")
        received = send(app, asked(app, "note_episode", [[state(app)["current"], 0, 0], "bad", None]))
        notices = [m["props"]["body"] for m in received if m["type"] == "NotificationShowMessage"]
        assert len(notices) == 1 and "was dropped into the page" in notices[0]


def test_messages_that_are_none_of_the_tables_change_nothing_and_print_nothing(
    runs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with showing(runs / "old.npz", runs) as app, caplog.at_level(logging.WARNING):
        state(app)
        before = app.session.env_id, app.session.player.step
        values = [None, [], {}, "x", 5, [1, 2, 3], [[], None, None], [[0, 0, 0], 5, 5], [[0, 0, 0], "evil", None]]
        values += [
            [10**400, 0, 9],
            [0, -5, 9],
            [[0, 0, 99], "bad", None],
            [[0, 0, 0], None, ["x"]],
            ["../../etc/passwd", 0, 0],
        ]
        actions = ("choose_episodes", "fold_episodes", "see_episodes", "go_to_episode", "note_episode", "open_listed")
        send(app, *(asked(app, action, value) for action in actions for value in values if value != [1, 2, 3]))
        assert (app.session.env_id, app.session.player.step) == before
        assert not caplog.records
        assert sorted(path.name for path in runs.iterdir()) == ["new.npz", "old.npz"]


def test_a_record_cannot_name_a_file_that_is_opened(runs: Path, tmp_path: Path) -> None:
    secret = write_npz(tmp_path / "secret.npz")
    line = {"env_id": 0, "episode_in_env": 0, "recording": str(secret), "first_step": 0}
    (runs / "episode_results.jsonl").write_text(json.dumps(line) + "\n")
    with ViewerApp(port=0) as app:
        app.browse(OpenRequest(runs))
        until(lambda: app._table.stock.listing and app._table.stock.listing.num_read == 3)
        app.show(world_of([open_replay(runs / "old.npz")]), request=OpenRequest(runs / "old.npz"))
        sources = app._table.stock.rows.sources
        counts = app._table.stock.progress
        assert (counts["numRecordings"], counts["numSources"]) == (2, 3)
        file = next(source for source in sources if not source.is_recording)
        received = send(app, asked(app, "go_to_episode", [file.number, 0, 0]))
        notices = [m["props"]["body"] for m in received if m["type"] == "NotificationShowMessage"]
        assert "only the record is here" in notices[0]
        assert app.session.replay.rollout.path == runs / "old.npz"
