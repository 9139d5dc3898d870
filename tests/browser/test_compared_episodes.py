"""The table of episodes while recordings are compared that are in no folder of the viewer: it has those of all."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator
from viewer_page import ViewerPage, ViewerProcess, open_page

from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay


def groups(page: ViewerPage) -> list[str]:
    return page.page.locator(".rv-group-line").all_inner_texts()


def below(page: ViewerPage, group: str) -> Locator:
    """The first episode below the line of a group; in the page they are in the order in which they were drawn."""
    top = height(page.page.locator(".rv-group-line", has_text=group))
    lines = page.page.locator(".rv-episode-line").all()
    return min((line for line in lines if height(line) > top), key=height)


def height(line: Locator) -> float:
    box = line.bounding_box()
    assert box is not None
    return box["y"]


def test_the_table_has_the_episodes_of_all_and_a_click_lets_theirs_lead(chromium, tmp_path: Path) -> None:
    paths = [tmp_path / job / "walk.rec" for job in ("demo", "soft")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(asset("walk.rec").read_bytes())
    rollout = open_replay(paths[0]).rollout
    count = sum(len(rollout.episodes(env)) for env in range(rollout.num_envs))
    with (
        ViewerProcess([*map(str, paths), "--port", "0", "--no-shadows"]) as process,
        open_page(chromium, process.url) as page,
    ):
        names = page.page.locator("#rv-takes .rv-name")
        page.click_button("Episodes")
        page.until(lambda: page.page.evaluate("window.replayViewer.episodes.table.numEpisodes") == 2 * count, "both")
        page.until(lambda: "demo/walk" in "".join(groups(page)[:1]), "the lead's group, unfolded")
        page.page.locator(".rv-group-line", has_text="demo/walk").locator(".rv-fold").click()
        page.until(lambda: "soft/walk" in "".join(groups(page)[1:2]), "the other one's group")
        below(page, "soft/walk").click()
        page.until(lambda: names.all_inner_texts() == ["soft/walk", "demo/walk"], "the other one as the lead")
        page.until(lambda: "soft/walk" in "".join(groups(page)[:1]), "its episodes first")
        firsts = [episode.first_step for env in range(rollout.num_envs) for episode in rollout.episodes(env)]
        page.until(lambda: page.step() in firsts, "the beginning of an episode")
        page.page.get_by_label("Take demo/walk away").click()
        page.until(lambda: page.page.evaluate("window.replayViewer.episodes.table.numEpisodes") == count, "one again")
        page.until(lambda: not groups(page), "no groups")
