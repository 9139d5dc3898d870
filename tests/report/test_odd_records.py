"""Records with anything in them: they make a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from evaluation_samples import record
from hypothesis import given, settings
from hypothesis import strategies as st

from replay_viewer.episode_record import from_json
from replay_viewer.report.evaluation import Evaluation
from replay_viewer.report.findings import Findings
from replay_viewer.report.links import Links
from replay_viewer.report.page import PageParts, page_html

numbers = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.sampled_from([0, -0.0, 1e308, -1e308, 5e-324]))
texts = st.text(max_size=6)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=2)),
    max_leaves=6,
)
groups = st.dictionaries(st.sampled_from(["a", "b", "<c>"]), values, max_size=3)
records = st.fixed_dictionaries(
    {"env_id": st.integers(0, 3), "episode_in_env": st.integers(0, 3)},
    optional={
        "outcome": st.sampled_from(["terminated", "truncated", "aborted", "unfinished", "else"]),
        "success": st.one_of(st.booleans(), st.none()),
        **dict.fromkeys(("episode_length", "total_reward", "duration_s", "seed", "first_step", "last_step"), numbers),
        **dict.fromkeys(("job_name", "policy", "task", "recording"), texts),
        **dict.fromkeys(("variations", "progress", "rewards"), groups),
        "own": values,
    },
)


def page_of(lines: list[dict[str, Any]]) -> str:
    episodes = Evaluation([from_json(line, "a line") for line in lines])
    return page_html(Findings(episodes), PageParts("odd", Links("http://localhost:8080", [Path("runs")])), "now")


@pytest.mark.slow
@settings(max_examples=10)
@given(st.lists(records, min_size=1, max_size=12))
def test_any_records_make_a_page(lines: list[dict[str, Any]]) -> None:
    page = page_of(lines)
    drawn = re.sub(r"<style>.*?</style>|<script.*?</script>|<[hp][^>]*>[^<]*", "", page, flags=re.DOTALL)
    assert not re.search(r'(?:d|x|y|cx|cy|width|height|style)="[^"]*(?:nan|inf)', drawn)


def test_of_any_number_of_names_some_hundred_are_shown() -> None:
    names = {f"name {k}": float(k) for k in range(2000)}
    line = {**vars(record(0)), "variations": names, "rewards": names, "progress": {"all": names}}
    page = page_of([line, {**line, "env_id": 1, "variations": {name: -value for name, value in names.items()}}])
    assert len(page) < 3e6
