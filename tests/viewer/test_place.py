"""Places that addresses name: what anybody may have written there, and where in what is shown it leads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from container_samples import record

from replay_viewer.errors import BadArgument, ReplayError, UnknownName
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.take import Take
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.rollout import Rollout
from replay_viewer.viewer.episodes.sources import Listing
from replay_viewer.viewer.opening.place import Place, is_shown, place_of
from replay_viewer.viewer.session import Session


@pytest.fixture
def session() -> Session:
    """The demo, at its first step."""
    return Session(world_of([open_replay(asset("walk.rec"))]))


def where(session: Session) -> tuple[int, int]:
    return session.env_id, session.player.step


def test_texts_of_an_address_and_numbers_of_the_page_are_the_same_place() -> None:
    place = Place("seed 1/walk.rec", 3, 1, 230)
    assert Place.of({"recording": "seed 1/walk.rec", "env": "3", "episode": "1", "step": "230"}) == place
    assert Place.of({"recording": "seed 1/walk.rec", "env": 3, "episode": 1, "step": 230, "more": "x"}) == place


@pytest.mark.parametrize("number", ["-1", "1e3", "NaN", "", " 1", "\u0663", "9" * 400, "0x1", True, 1.5, [], {}])
def test_what_is_no_number_is_told_by_its_name(number: Any) -> None:
    with pytest.raises(BadArgument, match=r"step .*expected a whole number"):
        Place.of({"step": number})


@pytest.mark.parametrize("value", [None, [], "walk.rec", 3])
def test_what_is_no_address_is_nowhere_else(value: Any) -> None:
    assert Place.of(value) == Place()


@pytest.mark.parametrize("name", ["", 3, ["a"], "a" * 5000])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(BadArgument, match="name of a recording"):
        Place.of({"recording": name})


def test_a_place_leads_to_its_env_and_step(session: Session) -> None:
    Place(env=2, step=123).go(session)
    assert where(session) == (2, 123)
    Place(step=7).go(session)
    assert where(session) == (2, 7)


def test_an_episode_without_a_step_is_its_beginning(session: Session) -> None:
    Place(env=1, episode=1).go(session)
    assert where(session) == (1, session.replay.rollout.episodes(1)[1].first_step)


@pytest.mark.parametrize(
    "place",
    [Place(env=99), Place(env=2, step=10**12), Place(env=2, episode=999), Place(env=2, episode=0, step=749)],
)
def test_a_place_that_is_not_there_changes_nothing(session: Session, place: Place) -> None:
    with pytest.raises((BadArgument, UnknownName)):
        place.go(session)
    assert where(session) == (0, 0)


def test_a_place_that_is_shown_already_does_not_stop_time(session: Session) -> None:
    session.play()
    session.tick(0.11)
    position = session.player.position
    Place(env=0, step=session.player.step).go(session)
    assert session.playing and session.player.position == position


# -- recordings of a folder --------------------------------------------------------


def test_a_name_is_found_before_the_folder_is_looked_through(tmp_path: Path) -> None:
    (tmp_path / "runs" / "seed_1").mkdir(parents=True)
    path = record(tmp_path / "runs" / "seed_1" / "walk.rec", 3)
    recordings = Listing(tmp_path / "runs")
    assert recordings.named("seed_1/walk.rec") == path
    recordings.look(lambda num_found: None)
    assert recordings.named(recordings.name_of(path)) == path
    assert recordings.name_of(tmp_path / "else.rec") == ""


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    outside = record(tmp_path / "secret.rec", 3)
    os.symlink(outside, tmp_path / "runs" / "unlisted.rec")
    os.symlink("loop.rec", tmp_path / "runs" / "loop.rec")
    recordings = Listing(tmp_path / "runs")
    odd = ["../secret.rec", str(outside), "x/../../secret.rec", "unlisted.rec", "loop.rec", "a\0b", "a" * 4000, ".", ""]
    for name in odd:
        assert recordings.named(name) is None, name


def test_problems_are_told_in_one_line(session: Session) -> None:
    with pytest.raises(ReplayError) as problem:
        Place.of({"env": "<img src=x>\n" * 9})
    assert "\n" not in str(problem.value) and len(str(problem.value)) < 120


# -- several recordings ------------------------------------------------------------


def name_of(rollout: Rollout) -> str:
    return f"{rollout.name}.rec"


def test_what_is_shown_of_several_is_said_and_read_back_the_same() -> None:
    walk = open_replay(asset("walk.rec"))
    takes = [
        Take(walk, 1, start=40),
        Take(walk, 2),
        Take.of_episode(walk, 0, 1),
        Take(open_replay(asset("push.rec")), start=7, delay=-0.125),
    ]
    session = Session(world_of(takes).with_mode("side").with_alignment("end"))
    said = place_of(session, name_of)
    place = Place.of({name: str(value) for name, value in said.items()})
    assert (place.mode, place.alignment, place.lead.start) == ("side", "end", 40)
    replays = {"walk.rec": walk, "push.rec": takes[3].replay}
    again = [placed.of(replays[placed.recording]) for placed in (place.lead, *place.others)]
    for take, found in zip(session.world.takes, again, strict=True):
        assert (found.replay, found.env_index, found.start) == (take.replay, take.env_index, take.start)
        assert (found.steps, found.delay) == (take.steps, take.delay)
    assert is_shown(place, session, name_of)
    session.delay_take("take2", 2.0)
    assert is_shown(place, session, name_of)
    session.world = session.world.without("take2")
    assert not is_shown(place, session, name_of)


def test_of_one_recording_nothing_is_said_of_a_comparison(session: Session) -> None:
    assert place_of(session, name_of) == {"recording": "walk.rec", "env": 0}


def test_a_view_is_the_camera_and_where_its_world_stands() -> None:
    view = Place.of({"camera": "1,-2,0.5,0,0,0.25", "stand": "3,4,0"}).view
    assert view is not None and view.world is not None and not view.keeps_all
    assert [*view.pose.position, *view.pose.look_at, *view.world] == [1, -2, 0.5, 0, 0, 0.25, 3, 4, 0]
    assert Place.of({}).view is None


@pytest.mark.parametrize(
    "odd",
    [
        {"camera": "1,2,3"},
        {"camera": "1,2,3,1,2,3"},
        {"camera": "nan,2,3,1,2,4"},
        {"camera": "1e9,2,3,1,2,4"},
        {"camera": ["1"]},
        {"camera": "1,2,3,0,0,0", "stand": "x"},
        {"recording": "a", "recording2": "b", "delay2": "inf"},
        {"recording": "a", "recording2": "b", "delay2": [3]},
        {"recording": "a", "recording2": 7},
        {"recording": "a", "recording2": "b", "env2": "-3"},
        {"compare": "stacked"},
        {"align": "<img>"},
        {"align": ["end"]},
    ],
)
def test_odd_comparisons_and_views_are_refused_in_a_line(odd: dict[str, Any]) -> None:
    with pytest.raises(ReplayError) as problem:
        Place.of(odd)
    assert "\n" not in str(problem.value) and len(str(problem.value)) < 200
