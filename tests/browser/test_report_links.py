"""Every link of a report is followed in the browser, and leads to what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from chromium_tabs import empty_tab
from legged_fake import DOF_NAMES
from legged_gym_sim import LeggedGymSim
from playwright.sync_api import Browser, Page
from viewer_page import ViewerProcess, open_tab

from replay_viewer import attach, build_report, load_episodes
from replay_viewer.report.server import served

pytestmark = pytest.mark.slow
_NUM_ENVS, _NUM_STEPS = 20, 250
# All rows at once, with their links and what they are of.
_ROWS = """
() => {
  const table = window.episodeTable;
  table.page.len(-1).draw();
  const ids = JSON.parse(document.getElementById("data").textContent).columns.map((column) => column.id);
  return table.rows().nodes().toArray().map((node) => {
    const values = table.row(node).data();
    const of = (id) => values[1 + ids.indexOf(id)];
    const links = [...node.querySelectorAll("a")].map((link) => [link.textContent, link.href]);
    return { episode: [of("recording"), of("env_id"), of("episode_in_env")], links };
  });
}
"""
# Goes to each place as the page does when it is opened there; which env, step and episode it shows then.
_FOLLOW = """
async (places) => {
  const { state, send, placeAt } = window.replayViewer;
  const isAt = (place) => {
    const at = placeAt(Number(document.querySelector(".rv-track")?.ariaValueNow ?? -1));
    const [env, step] = [Number(place.env), Number(place.step)];
    const isHere = at?.recording === place.recording && at.env === env && at.step === step;
    return isHere && state.episode?.first <= step && step <= state.episode.last;
  };
  const found = [];
  for (const place of places) {
    const end = performance.now() + 60000;
    send("go_to_place", place);
    while (!isAt(place) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 4));
    found.push([isAt(place), state.episode?.index]);
    if (!isAt(place)) break;
  }
  return found;
}
"""


@dataclass
class Evaluation:
    """A folder of three recordings with some hundred episodes, its viewer, and its report."""

    runs: Path
    viewer: str
    page: Path


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evaluation]:
    folder = tmp_path_factory.mktemp("evaluation")
    runs = folder / "runs"
    actions = np.full((_NUM_ENVS, len(DOF_NAMES)), 0.5, np.float32)
    for seed, name in enumerate(("a", "b/c d", "e&f=%41")):
        env = LeggedGymSim(_NUM_ENVS, seed=seed, keep_truth=False)
        path = runs / f"{name}.rec"
        path.parent.mkdir(parents=True, exist_ok=True)
        with attach(env, path, env_ids="all", episode_terms={"height": lambda env, ids: env.root_states[ids, 2]}):
            for _ in range(_NUM_STEPS):
                env.step(actions)
    with ViewerProcess([str(runs), "--port", "0", "--no-shadows"]) as viewer:
        page = build_report(runs, folder / "report", viewer=viewer.url, clips="worst:2", replays="worst:2")
        yield Evaluation(runs, viewer.url, page)


@pytest.fixture
def page(chromium: Browser, evaluated: Evaluation) -> Iterator[Page]:
    with served(evaluated.page.parent, 0) as address, empty_tab(chromium) as tab:
        tab.goto(address)
        tab.wait_for_selector("[data-ready]")
        yield tab


def is_in_viewer(evaluated: Evaluation, link: str) -> bool:
    return link.startswith(evaluated.viewer.rstrip("/") + "/?")


def place_in(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_links_into_the_viewer_show_their_episodes_at_their_first_and_last_steps(
    chromium: Browser, evaluated: Evaluation, page: Page
) -> None:
    known: dict[Any, Any] = {}
    for record in load_episodes(evaluated.runs):
        name = Path(record.recording or "").relative_to(evaluated.runs).as_posix()
        known[name, record.env_id, record.episode_in_env] = record
    assert len(known) >= 150
    wanted: dict[str, int] = {}
    rows = page.evaluate(_ROWS)
    assert len(rows) == len(known)
    for row in rows:
        name, env_id, episode = row["episode"]
        record = known.pop((name, env_id, episode))
        links = dict(row["links"])
        for text, step in (("replay", record.first_step), ("end", record.last_step)):
            assert place_in(links[text]) == {"recording": name, "env": str(env_id), "step": str(step)}
            wanted[links[text]] = episode
    assert not known
    others = page.locator("a[href]").evaluate_all("(links) => links.map((link) => link.href)")
    assert {link for link in others if is_in_viewer(evaluated, link)} <= wanted.keys()
    links = sorted(wanted, key=lambda link: place_in(link)["recording"])
    with open_tab(chromium) as tab:
        tab.goto(links[0])
        found = tab.page.evaluate(_FOLLOW, list(map(place_in, links)))
    assert found == [[True, wanted[link]] for link in links]
    assert not [line for line in tab.console if "error" in line]


def test_links_to_files_open_them_and_links_within_the_page_choose_what_they_name(
    chromium: Browser, evaluated: Evaluation, page: Page
) -> None:
    clips = sorted(set(page.locator("video").evaluate_all("(videos) => videos.map((video) => video.src)")))
    assert len(clips) == 2
    sizes = page.evaluate(
        """(clips) => Promise.all(clips.map((clip) => new Promise((resolve, reject) => {
          const video = Object.assign(document.createElement("video"), { src: clip, preload: "metadata" });
          video.onloadedmetadata = () => resolve([video.videoWidth, video.duration > 0]);
          video.onerror = () => reject(new Error(clip));
        })))""",
        clips,
    )
    assert sizes == [[640, True]] * 2
    pictures = page.locator("img").evaluate_all(
        "(pictures) => Promise.all(pictures.map((one) => one.decode().then(() => one.naturalWidth)))"
    )
    assert pictures and set(pictures) == {480}
    rows = page.evaluate(_ROWS)
    of_file = {link: row for row in rows for text, link in row["links"] if text == "file"}
    clips_of_rows = {link for row in rows for text, link in row["links"] if text == "clip"}
    assert clips_of_rows == set(clips) and len(of_file) == 2
    for link, row in of_file.items():
        with empty_tab(chromium) as tab:
            tab.goto(link)
            tab.wait_for_function("() => document.querySelector('#rv-episode')?.textContent")
            _, env_id, episode = row["episode"]
            assert f"env {env_id}" in tab.locator("#rv-episode").inner_text()
            assert f"pisode {episode}" in tab.locator("#rv-episode").inner_text()
    inner = page.locator("a[href^='#']:visible")
    assert inner.count() > 3
    for index in range(inner.count()):
        link = inner.nth(index)
        assert page.locator(link.get_attribute("href") or "?").count() == 1
        place, chosen = link.get_attribute("data-place"), link.get_attribute("data-chosen")
        link.click()
        count = int(page.locator(".dt-info").inner_text().split(" of ")[-1].split()[0].replace(",", ""))
        assert count == 1 if place else 0 < count <= len(rows), (place, chosen)
        chips = page.locator("#filters button")
        assert chips.count() > 0
        chips.last.click()
        page.wait_for_function("() => !document.querySelector('#filters button')")


def test_every_kind_of_link_is_known_here(evaluated: Evaluation, page: Page) -> None:
    page.evaluate(_ROWS)
    links = page.locator("a[href]").evaluate_all(
        "(links) => links.map((link) => [link.href, link.getAttribute('href')])"
    )
    beside = tuple(f"{folder}/" for folder in ("clips", "replays"))
    odd = [own for whole, own in links if not is_in_viewer(evaluated, whole) and not own.startswith(("#", *beside))]
    assert not odd
