"""Claims about which envs are recorded: what is meant is understood, anything else is refused before a file is made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from container_columns import Columns
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim

from replay_viewer import RolloutRecorder, attach
from replay_viewer.errors import BadArgument, UnknownName


@pytest.fixture(autouse=True)
def urdf_of_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    """These environments have none, which would be said."""
    caplog.set_level("ERROR", "replay_viewer")


def torch_values() -> list[tuple[Any, list[int]]]:
    torch: Any = sys.modules.get("torch")
    return [(torch.tensor([3, 1]), [3, 1]), (torch.tensor(2), [2]), ([torch.tensor(2)], [2])] if torch else []


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (3, [3]),
        (np.int64(3), [3]),
        (np.array(3), [3]),
        (3.0, [3]),
        ([4, 1], [4, 1]),
        ((0,), [0]),
        (range(1, 3), [1, 2]),
        ({5}, [5]),
        (np.array([2, 0], np.uint8), [2, 0]),
        ([np.int32(2), 1.0], [2, 1]),
        ("all", [0, 1, 2, 3, 4, 5]),
        *torch_values(),
    ],
)
def test_what_is_obviously_meant_is_recorded(wanted: Any, chosen: list[int], tmp_path: Path) -> None:
    env = LeggedGymSim()
    with attach(env, tmp_path / "run.rec", env_ids=wanted) as recorder:
        env.step(np.zeros((6, len(DOF_NAMES)), np.float32))
    assert recorder.env_ids == Columns(recorder.path).meta["env_ids"] == chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ([1.5], r"\[1.5\]: 1.5 is no index; give a list of the simulator's indices"),
        (None, "None is no index"),
        ([None], "None is no index"),
        (True, "True is no index"),
        ([0, True], "True is no index"),
        (np.array([True] * 6), "True is no index"),
        (float("nan"), "nan is no index"),
        ([float("inf")], "inf is no index"),
        ("some", "'some' is no index"),
        ("0", "'0' is no index"),
        ([[0, 1]], "is no index"),
        ({0: "a"}, "is no index"),
        (slice(0, 2), "is no index"),
        ([], "names no env"),
        ([2, 0, 2], "names env 2 twice"),
    ],
)
def test_what_names_no_envs_is_refused(wanted: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=message):
        attach(LeggedGymSim(), tmp_path / "run.rec", env_ids=wanted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wanted", [[6], -1, [0, -1], 2**70, np.array([6])])
def test_envs_that_are_not_there_are_refused(wanted: Any, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="is not in the environment"):
        attach(LeggedGymSim(), tmp_path / "run.rec", env_ids=wanted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("total", "options", "chosen", "said"),
    [
        (6, {}, range(6), "Recording all 6 envs; choose others with env_ids=[...]."),
        (16, {}, range(16), "Recording all 16 envs"),
        (20, {}, range(16), "Recording envs 0 to 15 of 20"),
        (20, {"env_ids": "all"}, range(20), ""),
        (20, {"env_ids": 7}, [7], ""),
        (1, {}, [0], ""),
    ],
)
def test_a_rollout_has_all_envs_up_to_sixteen_and_says_so(
    total: int, options: Any, chosen: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = RolloutRecorder(LeggedGymSim(num_envs=total), 2, **options)
    path = recorder.run(lambda obs: np.zeros((total, len(DOF_NAMES)), np.float32), tmp_path)
    with np.load(str(path), allow_pickle=True) as arrays:
        assert arrays["env_ids"].tolist() == list(chosen)
        assert arrays["base_pos"].shape == (2, len(chosen), 3)
    printed = capsys.readouterr().out
    assert printed.startswith(said) if said else "Recording" not in printed
