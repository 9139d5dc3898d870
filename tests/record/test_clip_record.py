"""Lines of manifests, and names of films; both are written inside of simulators too."""

from __future__ import annotations

import json

import pytest

from replay_viewer.clip_record import ClipRecord, from_json, is_manifest, is_partial, newest, to_line
from replay_viewer.errors import BadField
from replay_viewer.film_names import CLIP_TEMPLATE, file_name

FILM = ClipRecord(
    clip="1",
    file="videos/walk.mp4",
    kind="camera",
    complete=True,
    camera="head",
    key={"run": "a", "env_id": 3, "episode_in_env": 7},
    first_step=4,
    last_step=90,
    stride=2,
    fps=12.5,
    size=(64, 48),
    frames=44,
    facts={"iteration": 12, "success": True},
    pid=4711,
)


def test_a_record_comes_back_out_of_its_line() -> None:
    assert from_json(json.loads(to_line(FILM)), "here") == FILM


def test_an_episode_has_the_key_of_its_own_record() -> None:
    assert FILM.episode_key == ("a", None, None, None, 3, 7)


def test_the_last_line_of_a_film_counts_and_foreign_lines_do_not() -> None:
    lines = [{"clip": "1", "kind": "camera", "file": ".x.partial.mp4"}, {"clip": 3}, json.loads(to_line(FILM)), {}]
    assert newest(lines, "here") == {"1": FILM}


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.mp4", "a/../../up.mp4", "C:x.mp4", "a\\b.mp4", "", "a\0b", 3])
def test_a_film_outside_of_the_manifests_folder_is_refused(path: object) -> None:
    with pytest.raises(BadField, match="expected a path from the manifest's folder"):
        from_json({"clip": "1", "kind": "camera", "file": path}, "here")


@pytest.mark.parametrize("name", ["size", "fps", "frames", "key", "facts", "complete", "camera"])
def test_what_is_of_another_type_is_not_known(name: str) -> None:
    record = from_json({"clip": "1", "kind": "camera", name: [-1, {}]}, "here")
    assert getattr(record, name) == getattr(ClipRecord("1", None, "camera"), name)


def test_manifests_and_unfinished_films_are_known_by_their_names() -> None:
    assert is_manifest("clips-host-17-3f2a.clips.jsonl") and not is_manifest("episode_results.jsonl")
    assert is_partial("a/.robot-cam.17-3f2a.partial.mp4") and not is_partial("robot-cam.mp4")


def test_a_films_name_has_the_facts_that_are_known() -> None:
    facts = {"experiment": "go2/flat", "iteration": 1500, "success_rate": 0.5, "episode": 3, "env": 2, "camera": "head"}
    assert file_name(CLIP_TEMPLATE, {**facts, "pid": 17}) == "go2_flat-1500-0.50-ep000003-env2-head-17.mp4"
    assert file_name(CLIP_TEMPLATE, {"episode": 3, "env": 2, "rank": 1, "pid": 17}) == "ep000003-env2-rank1-17.mp4"
