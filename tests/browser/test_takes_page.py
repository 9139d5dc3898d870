"""Several recordings on one page in a real browser: in sync, and told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from viewer_page import ViewerProcess, open_page

from replay_viewer import Viewer
from replay_viewer.paths import asset
from replay_viewer.replay.replay import open_replay
from replay_viewer.replay.world import Take, world_of

_AT = "name => window.rvViser.nodePosition(name)"


def test_others_move_with_the_lead_and_a_legend_names_them(chromium, tmp_path: Path) -> None:
    walk = open_replay(asset("walk.rec"))
    evil = tmp_path / "<img src=x onerror=alert(1)>.rec"
    evil.write_bytes(asset("walk.rec").read_bytes())
    with Viewer([walk, Take(walk, 3, start=20), evil], port=0) as viewer, open_page(chromium, viewer.url) as page:
        page.page.evaluate("window.replayViewer.send('seek', 100)")
        page.wait_step(100)
        for key, env, step in (("", 0, 100), ("take2/", 3, 120), ("take3/", 0, 100)):
            base = walk.frames.frame_at(step, [env]).entities["robot"].base_pos[0]
            assert np.allclose(page.page.evaluate(_AT, f"/world/{key}robot/base"), base, atol=1e-5)
        names = page.page.locator("#rv-takes span").all_inner_texts()
        assert names == list(world_of([walk, Take(walk, 3), open_replay(evil)]).names)
        assert page.page.locator("#rv-takes img").count() == 0
        page.open_tab("Recording")
        files = page.page.locator(".rv-file tr:first-child td:last-child")
        page.until(lambda: files.count() == 2, "both files")
        assert files.all_inner_texts()[1].endswith(evil.name)


def test_two_recordings_of_the_command_line_are_compared_in_every_mode_by_one_key(chromium, tmp_path: Path) -> None:
    for name in ("before.rec", "after.rec"):
        (tmp_path / name).write_bytes(asset("walk.rec").read_bytes())
    paths = [str(tmp_path / name) for name in ("before.rec", "after.rec")]
    world = world_of([open_replay(path) for path in paths])
    with (
        ViewerProcess([*paths, "--compare", "ghost", "--port", "0", "--no-shadows"]) as process,
        open_page(chromium, process.url) as page,
    ):
        assert page.page.locator("#rv-takes span").all_inner_texts() == ["before", "after"]
        button = page.page.locator("#rv-takes button")
        assert button.inner_text() == "from one place"
        for mode, text in (("side", "side by side"), ("recorded", "as recorded"), ("ghost", "from one place")):
            page.page.keyboard.press("t")
            page.until(lambda text=text: button.inner_text() == text, text)
            offset = world.with_mode(mode).offsets[0]  # pyright: ignore[reportArgumentType]
            assert np.allclose(page.page.evaluate(_AT, "/world/take2"), offset, atol=1e-5)
        button.click()
        page.until(lambda: button.inner_text() == "side by side", "the next mode, by the button")
