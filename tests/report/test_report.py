"""The report as it is built: what the page holds, what is kept, and what goes wrong with files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from container_samples import record as record_sample
from evaluation_samples import evaluation, record, written

from replay_viewer import build_report, load_episodes
from replay_viewer.cli import main
from replay_viewer.episodes.annotations import annotate, annotations_path
from replay_viewer.errors import BadArgument, FileProblem, ReplayError
from replay_viewer.paths import asset
from replay_viewer.report.films import Films
from replay_viewer.report.links import Links

Capture = pytest.CaptureFixture[str]
HOSTILE = "</script><script>window.taken = 1</script><img src=x onerror='window.taken = 2'>\"'&"


def data_in(page: Path) -> dict[str, Any]:
    """What the page's script reads."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def column_in(page: Path, name: str) -> list[Any]:
    column = next(column for column in data_in(page)["columns"] if column["id"] == name)
    texts = column.get("texts")
    return [value if texts is None or value is None else texts[value] for value in column["values"]]


def test_the_page_has_every_episode_and_stands_alone(tmp_path: Path) -> None:
    records = evaluation(8)
    page = build_report(written(tmp_path / "runs", records), tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    assert column_in(page, "episode_length") == [one.episode_length for one in records]
    assert column_in(page, "variations.friction") == pytest.approx(
        [one.variations["friction"] for one in records], rel=1e-4
    )
    # Nothing is loaded from anywhere: no address but those in texts of the libraries.
    markup = re.sub(r'<script type="text/plain".*?</script>|<style>.*?</style>', "", page.read_text(), flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!localhost)', markup)
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_numbers_that_no_sum_holds_are_not_known(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"total_reward": 1e308, "episode_length": 10**300, "rewards": {"a": -1e308}},
        {"total_reward": -1e308, "variations": {"mass": 10**300}},
        {"success": False, "rewards": {"a": 1e308}, "variations": {"mass": -1e308}, "progress": {"way": 1e308}},
    ]
    records = evaluation(2) + [record(20 + k, **facts) for k, facts in enumerate(odd * 2)]
    page = build_report(written(tmp_path / "runs", records), tmp_path / "report").read_text()
    assert "nan" not in re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL).lower()


def test_a_card_says_what_is_known(tmp_path: Path) -> None:
    alone = record(total_reward=None, duration_s=None, episode_length=1)
    page = build_report(written(tmp_path / "runs", [alone]), tmp_path / "report").read_text()
    assert "<p>1 step</p>" in page
    assert "<h2>1 episode</h2>" in page


def test_rows_lead_to_the_viewer_where_there_is_a_recording(tmp_path: Path) -> None:
    record_sample(tmp_path / "runs" / "a b" / "walk.rec", 5)
    page = build_report(tmp_path / "runs", tmp_path / "report", viewer="http://lab:8081/", pictures=False)
    data = data_in(page)
    assert data["viewer"] == "http://lab:8081"
    assert data["recordings"] == ["a%20b/walk.rec"]
    links = Links("http://lab:8081/", [tmp_path / "runs"])
    (episode, *_) = load_episodes(tmp_path / "runs")
    assert links.address(episode) == "http://lab:8081/?recording=a%20b/walk.rec&env=100&step=0"
    assert links.address(replace(episode, recording=str(tmp_path / "runs" / "gone.rec"))) is None
    assert links.address(replace(episode, recording="/elsewhere/walk.rec")) is None


def test_what_files_hold_is_escaped(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"job_name": HOSTILE, "reason": HOSTILE, "language_instruction": HOSTILE, "task": HOSTILE}
    groups: dict[str, Any] = {"rewards": {HOSTILE: 1.0}, "variations": {HOSTILE: HOSTILE}, "progress": {HOSTILE: 0.5}}
    records = [record(k, **facts, **groups, more={HOSTILE: HOSTILE}) for k in range(3)]
    records += [record(k, 1, job_name="tame", variations={HOSTILE: "tame"}, success=False) for k in range(3)]
    page = build_report(written(tmp_path / HOSTILE.replace("/", "_"), records), tmp_path / "report", title=HOSTILE)
    content = page.read_text()
    assert "<script>window.taken" not in content
    assert "<img src=x" not in content
    assert column_in(page, "job_name")[0] == HOSTILE


def test_a_page_that_would_be_the_same_is_left_alone(tmp_path: Path) -> None:
    runs = written(tmp_path / "runs", evaluation(4))
    page = build_report(runs, tmp_path / "report")
    before = page.stat().st_mtime_ns
    build_report(runs, tmp_path / "report")
    assert page.stat().st_mtime_ns == before
    written(runs / "more", [record(0)])
    build_report(runs, tmp_path / "report")
    assert page.stat().st_mtime_ns > before
    assert len(column_in(page, "env_id")) == 25


def test_a_condition_chooses_and_stands_on_the_page(tmp_path: Path) -> None:
    runs = written(tmp_path / "runs", evaluation(8))
    page = build_report(runs, tmp_path / "report", where="job_name == 'after' and failure")
    assert set(column_in(page, "job_name")) == {"after"}
    assert set(column_in(page, "success")) == {0}
    assert "job_name == &#39;after&#39; and failure" in page.read_text()


def test_data_problems_are_listed_and_stop_nothing(tmp_path: Path) -> None:
    runs = written(tmp_path / "runs", evaluation(2))
    (runs / "episode_results_rank1.jsonl").write_text('{"env_id": "none"}\n{"env_id": 1, "episode_in_env": 0}\n')
    (runs / "broken.rec").mkdir()
    (runs / "broken.rec" / "meta.json").write_text("{")
    page = build_report(runs, tmp_path / "report")
    assert "2 files with problems" in page.read_text()
    assert len(column_in(page, "env_id")) == 13


def test_notes_that_cannot_be_read_are_among_the_problems(tmp_path: Path) -> None:
    recording = tmp_path / "runs" / "walk.rec"
    record_sample(recording, 5)
    annotations_path(recording).mkdir()
    page = build_report(tmp_path / "runs", tmp_path / "report", pictures=False)
    assert "walk.rec.annotations.jsonl" in page.read_text() and "1 file with problems" in page.read_text()


def test_a_port_that_there_is_not_is_refused_before_anything_is_built(tmp_path: Path, capsys: Capture) -> None:
    runs, out = written(tmp_path / "runs", evaluation(2)), tmp_path / "report"
    assert main(["report", str(runs), "--out", str(out), "--serve", "--port", "99999"]) == 2
    assert "expected 0 to 65535" in capsys.readouterr().err
    assert not out.exists()


def test_flags_and_notes_are_in_the_table(tmp_path: Path) -> None:
    recording = tmp_path / "runs" / "walk.rec"
    record_sample(recording, 5)
    annotate(recording, 101, 0, flag="bad", text="slips with the left foot")
    page = build_report(tmp_path / "runs", tmp_path / "report", pictures=False)
    assert column_in(page, "flag").count("bad") == 1
    assert column_in(page, "note")[column_in(page, "env_id").index(101)] == "slips with the left foot"


def test_records_of_isaac_lab_arena_are_read(tmp_path: Path) -> None:
    line = {"job_name": "kitchen", "env_id": 1, "seed": 42, "success": True, "episode_length": 120}
    lines = [json.dumps({**line, "episode_in_env": k, "variations": {"light": [0.5, 1.0 * k]}}) for k in range(5)]
    (tmp_path / "episode_results.jsonl").write_text("\n".join(lines) + "\n")
    page = build_report(tmp_path, tmp_path / "report")
    assert column_in(page, "variations.light[1]") == [0, 1, 2, 3, 4]
    assert ">100 %<" in page.read_text()


def test_a_page_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    runs = written(tmp_path / "runs", evaluation(1))
    (tmp_path / "index.html").write_text("<h1>My home page</h1>")
    with pytest.raises(FileProblem, match="is no report of ours"):
        build_report(runs, tmp_path)
    assert (tmp_path / "index.html").read_text() == "<h1>My home page</h1>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clips": "worst"}, "worst:N"),
        ({"where": "success ="}, "Did you mean =="),
        ({"viewer": "javascript:alert(1)"}, "expected an address"),
        ({"compare": ["before"]}, "two names"),
        ({"compare": ["before", "never"]}, "'never' is not in the episodes"),
    ],
)
def test_a_wrong_option_is_told(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ReplayError, match=message):
        build_report(written(tmp_path / "runs", evaluation(1)), tmp_path / "report", **options)
    assert not (tmp_path / "report").exists()


def test_of_no_episode_there_is_no_report(tmp_path: Path, capsys: Capture) -> None:
    runs = written(tmp_path / "runs", evaluation(1))
    assert main(["report", str(runs), "--out", str(tmp_path / "report"), "--where", "episode_length > 1e6"]) == 2
    assert "No episode is left by --where" in capsys.readouterr().err


def test_the_command_writes_the_page_and_tells_where(tmp_path: Path, capsys: Capture) -> None:
    runs, out = written(tmp_path / "runs", evaluation(1)), tmp_path / "report"
    assert main(["report", str(runs), "--out", str(out), "--title", "Ours"]) == 0
    assert capsys.readouterr().out == f"{out / 'index.html'}: 6 episodes\n"
    assert "<title>Ours</title>" in (out / "index.html").read_text()


def test_pictures_are_in_the_page_and_kept(tmp_path: Path) -> None:
    made: list[tuple[int, int]] = []
    page = build_report(asset("walk.npz"), tmp_path, progress=lambda done, total: made.append((done, total)))
    assert made == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert page.read_text().count("data:image/jpeg;base64,") >= 3
    made.clear()
    build_report(asset("walk.npz"), tmp_path, progress=lambda done, total: made.append((done, total)))
    assert made == [(0, 0)]


@pytest.mark.slow
def test_an_episode_is_replayed_without_a_viewer_where_that_is_asked_for(tmp_path: Path) -> None:
    page = build_report(asset("walk.rec"), tmp_path, replays="worst:1", pictures=False)
    (replay,) = (tmp_path / "replays").iterdir()
    assert "rv-shared" in replay.read_text()
    assert f"replays/{replay.name}" in data_in(page)["replays"].values()


@pytest.mark.slow
def test_clips_go_on_where_they_were_stopped(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    options: dict[str, Any] = {"clips": "worst:2", "pictures": False}
    with pytest.raises(KeyboardInterrupt):
        build_report(asset("walk.npz"), tmp_path, progress=stop, **options)
    page = tmp_path / "index.html"
    assert "the clip is being rendered" in page.read_text()
    made: list[tuple[int, int]] = []
    build_report(asset("walk.npz"), tmp_path, progress=lambda done, total: made.append((done, total)), **options)
    assert made[0] == (0, 3)
    clips = sorted((tmp_path / "clips").iterdir())
    assert [path.suffix for path in clips] == [".mp4", ".mp4"]
    assert all(f'src="clips/{path.name}"' in page.read_text() for path in clips)


def test_a_recording_that_is_not_there_has_no_clips_and_that_is_told(tmp_path: Path) -> None:
    films = Films(tmp_path, {}, {0: record(0, recording="gone.rec", first_step=0, last_step=9)}, {})
    films.make(lambda done, total: None, lambda: None)
    assert films.problems == {"gone.rec": "gone.rec: there is no such recording to make clips and replays of."}
    assert films.now() == {}


def test_a_name_cannot_lead_the_address_elsewhere() -> None:
    with pytest.raises(BadArgument):
        build_report(asset("walk.npz"), viewer="//evil")
