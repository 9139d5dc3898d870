"""Wrong command lines as people type them, and what is said of each: the table is `wrong_command_lines.txt`.

In the folder where they are typed are a rollout of two envs and 20 steps, an empty folder, and a Zarr store.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from test_cli import write_npz

from replay_viewer.cli import main

Capture = pytest.CaptureFixture[str]
TABLE = Path(__file__).with_name("wrong_command_lines.txt")
PROMPT = "$ replay-viewer"


def lines_and_answers() -> list[tuple[str, str]]:
    """The table: command lines without the program's name, and all that they print."""
    parts = TABLE.read_text().split(PROMPT)[1:]
    return [(line, answer.strip() + "\n") for line, _, answer in (part.partition("\n") for part in parts)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_npz(tmp_path / "rollout.npz")
    (tmp_path / "empty").mkdir()
    (tmp_path / "store.zarr").mkdir()
    (tmp_path / "store.zarr" / ".zgroup").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("line", "answer"), lines_and_answers(), ids=lambda text: text.strip()[:40])
def test_a_wrong_command_line_is_one_line_on_stderr_before_anything_else(
    line: str, answer: str, here: Path, capsys: Capture
) -> None:
    before = sorted(here.rglob("*"))
    assert main(shlex.split(line)) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", answer)
    assert sorted(here.rglob("*")) == before


def test_every_wrong_command_line_has_an_answer_of_its_own() -> None:
    table = lines_and_answers()
    assert len(table) >= 20
    assert len(dict(table)) == len(table)


@pytest.mark.parametrize("command", ["view", "info", "render", "share", "repair", "pack", "demo"])
def test_the_help_of_every_command_exits_with_0(command: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: replay-viewer {command}" in capsys.readouterr().out


def test_a_tyro_whose_private_way_to_hand_over_errors_is_gone_explains_them_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """`tyro._errors.on_parse_error` is no promise of tyro's; without it, wrong usage is a box and exit code 2."""
    monkeypatch.setitem(sys.modules, "tyro._errors", None)
    with pytest.raises(SystemExit) as end:
        main(["view", "--port", "abc"])
    assert end.value.code == 2
    assert "--port" in capsys.readouterr().err
