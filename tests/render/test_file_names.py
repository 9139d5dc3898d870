"""Names of video files: what their templates are filled with, and that no recording leads them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still

from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.render.film import Film
from replay_viewer.render.selection import Selection, shots_of
from replay_viewer.render.target import DEFAULT_TEMPLATE, SPLIT_TEMPLATE, film_name
from replay_viewer.rollout.episodes import Episode

EPISODES = {
    0: [Episode(0, 0, 0, 39, "terminated"), Episode(0, 1, 40, 99, "unfinished")],
    1: [Episode(1, 0, 0, 99, "terminated")],
}


def named(template: str, name: str = "walk", metadata: dict[str, Any] | None = None, **choice: Any) -> str:
    facts = {"env_ids": (7, 8), "episodes": EPISODES, "metadata": metadata or {}}
    rollout = memory_rollout(still(100, 2), **facts)
    rollout.name = name
    return film_name(template, Film(rollout, shots_of(rollout, Selection(**choice))))


def test_the_default_tells_recording_seed_and_number_of_episodes() -> None:
    assert named(DEFAULT_TEMPLATE, metadata={"seed": 3}) == "walk_seed3_2eps.mp4"


def test_a_seed_that_is_unknown_is_left_out_with_its_word() -> None:
    assert named(DEFAULT_TEMPLATE) == "walk_2eps.mp4"
    assert named("{seed}_{recording}.mp4") == "walk.mp4"
    assert named("{recording}-s{seed:04d}x-{env}.mp4") == "walk-7.mp4"
    assert named("{recording}{seed}{env}.mp4") == "walk7.mp4"
    assert named("{seed}.mp4") == "walk.mp4"
    assert named("{seed}/{iteration}.mp4") == "walk.mp4"


def test_every_field_is_filled_in() -> None:
    template = "{recording} {seed} {iteration} {env} {episode:06d} {episodes} {outcome} {steps}"
    metadata = {"seed": np.int64(1), "iteration": "2k"}
    filled = named(template, metadata=metadata, env=7, episodes="0")
    assert filled == "walk 1 2k 7 000000 1 terminated 40.mp4"


def test_what_is_not_one_for_all_that_is_shown_is_left_out() -> None:
    assert named("{recording}_env{env}_ep{episode}_{outcome}.mp4") == "walk_env7.mp4"
    assert named("{recording}_env{env}_{outcome}.mp4", where="terminated") == "walk_terminated.mp4"
    assert named("{recording}_{episodes}eps_{steps}.mp4", steps="10:20") == "walk_10.mp4"


def test_split_names_tell_env_and_episode() -> None:
    assert named(SPLIT_TEMPLATE, episodes="1") == "walk_env7_ep001.mp4"


def test_a_template_without_a_suffix_gets_one() -> None:
    assert named("{recording}") == "walk.mp4"
    assert named("{recording}", name="run.v2") == "run.v2.mp4"
    assert named("{recording}.gif") == "walk.gif"
    assert named("{seed}.webm") == "walk.webm"


def test_a_slash_of_the_template_makes_a_folder() -> None:
    assert named("{env}/{recording}.mp4", env=8) == "8/walk.mp4"


@pytest.mark.parametrize(
    "evil", ["../../etc/x", "..", "a/b\\c", "\x1b[31m\n\0", "C:x", "", "é" * 200, "\udce9", ".hid"]
)
def test_values_of_a_recording_lead_nowhere(evil: str) -> None:
    for name in (
        named("{recording}.mp4", name=evil),
        named("{seed}.mp4", metadata={"seed": evil}),
        named("x/{recording}/y.mp4", name=evil).removeprefix("x/").removesuffix("/y.mp4"),
    ):
        assert Path(name).name == name
        assert name.isprintable()
        assert name not in (".", "..")
        assert not name.startswith(".")
        assert len(name.encode()) < 100


@pytest.mark.parametrize("odd", [None, [1], {"a": 1}, float("nan")])
def test_a_seed_that_is_neither_number_nor_text_is_left_out(odd: object) -> None:
    assert named(DEFAULT_TEMPLATE, metadata={"seed": odd}) == "walk_2eps.mp4"


def test_an_unknown_field_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="Known fields: recording, experiment, seed, iteration"):
        named("{nope}.mp4")


@pytest.mark.parametrize("field", ["", "0", "recording.name", "recording[0]", "recording.__class__"])
def test_what_is_no_name_of_a_field_is_refused(field: str) -> None:
    with pytest.raises(BadArgument, match="is no name of a field"):
        named(f"{{{field}}}.mp4")


@pytest.mark.parametrize("template", ["{recording", "{recording:06d}", "}"])
def test_a_template_that_cannot_be_filled_is_one_clear_error(template: str) -> None:
    with pytest.raises(BadArgument, match="--name"):
        named(template)
