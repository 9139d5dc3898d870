"""The HTML file of a shared replay: viser's page with a scene in it, our scripts, and the clips that they play.

Everything that comes from a recording is in one JSON text, from which the scripts make nodes of text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from ...camera.presets import FOV, MIN_SIZE, preset_direction
from ...errors import printable
from ...replay.frames import STAND_INS
from ...replay.player import SPEEDS
from ...replay.replay import Replay
from ...rollout.episodes import KIND_TEXT
from ...rollout.rewards import ROUNDING
from ...theme import TOTAL_COLOR, term_color
from ...view_names import PRESETS
from ..keys import KEYS, MOUSE, Key, help_html, page_keys
from ..wire.index_page import head_script, page_file, page_style, with_head
from .clips import Clip
from .still import StillScene

# What a file has no use for: nothing is being recorded, and there are no other envs and no table.
_OTHER_ACTIONS = (
    "go_live",
    "next_mode",
    "toggle_crowd",
    "frame_all",
    "take_screenshot",
    "go_to_next_failure",
    "go_to_previous_failure",
)
_OTHER_MOUSE = ("Link", "Double click", "Robot", "Chart")
_CHART_HELP = (("Chart", "Click to go there; drag for an A-B loop"), ("Reward", "Click a row for its curve alone"))

_HEAD_SCRIPTS = ("viser.js", "early.js", "land.js")
_STYLES = (
    *("early.css", "controls.css", "viser.css", "timeline.css", "charts.css", "views.css", "help.css", "notices.css"),
    *("keys.css", "rewards.css", "switches.css", "look.css", "small.css", "shared/shared.css"),
)
# In the order in which they run; the player begins once all others are there.
_SCRIPTS = (
    *("page.js", "timeline_marks.js", "timeline.js", "ruler.js", "bar.js", "clock.js", "place.js", "selection.js"),
    *("views.js", "rewards.js", "help.js", "keys.js", "look.js", "notices.js"),
    *("shared/clips.js", "shared/view.js", "shared/panel.js", "shared/player.js", "shared/chart.js"),
)
# The page asks nobody for anything, whatever is in it.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline' data:; img-src data: blob:; font-src data:; worker-src data: blob:; "
    "connect-src data: blob:"
)


def document(scene: StillScene, clips: Sequence[Clip], replay: Replay, rows: Sequence[str], title: str) -> str:
    """The whole file.

    Args:
        scene: in which the clips are played.
        clips: at least one.
        replay: what they are of.
        rows: what the columns of their rewards are.
        title: what the page calls it.
    """
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{page_style(_STYLES)}</style><script>{head_script(_HEAD_SCRIPTS)}</script>"
    )
    facts = _escaped(_facts(scene, clips, replay, rows, title))
    body = f'<script id="rv-shared" type="application/json">{facts}</script><script>{_script()}</script>'
    before, after = with_head(scene.page, head).rsplit("</body>", 1)
    return f"{before}{body}</body>{after}"


def _script() -> str:
    script = "\n".join(map(page_file, _SCRIPTS))
    filled_in = {"CSS": "", "HELP": help_html(_keys(), _mouse()), "KEYS": page_keys(_keys()), "TOTAL": TOTAL_COLOR}
    for name, value in filled_in.items():
        script = script.replace(f"/*{name}*/", _escaped(value))
    return script


def _keys() -> list[Key]:
    return [key for key in KEYS if key.action not in _OTHER_ACTIONS]


def _mouse() -> list[tuple[str, str]]:
    return [*((what, effect) for what, effect in MOUSE if what not in _OTHER_MOUSE), *_CHART_HELP]


def _facts(scene: StillScene, clips: Sequence[Clip], replay: Replay, rows: Sequence[str], title: str) -> dict[str, Any]:
    """What the page has to know, as page/shared/clips.js and the others take it."""
    return {
        "title": title,
        "about": _about(replay, len(clips)),
        "dt": replay.rollout.control_dt,
        "speeds": list(SPEEDS),
        "kinds": dict(KIND_TEXT),
        "standIns": list(STAND_INS),
        "rounding": ROUNDING,
        "rows": _rows(rows, len(replay.rollout.reward_terms)),
        "entities": [list(links.values()) for links in scene.nodes.values()],
        "views": {name: preset_direction(name) for name in PRESETS},
        "size": max(scene.subject.size, MIN_SIZE),
        "fov": FOV,
        "clips": [{**clip.facts, "data": base64.b64encode(clip.content).decode("ascii")} for clip in clips],
    }


def _rows(names: Sequence[str], num_terms: int) -> list[dict[str, Any]]:
    """Names, kinds and colours of the rows; what has a colour has a curve."""
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(names):
        if index < num_terms:
            rows.append({"name": printable(name), "kind": "term", "colour": term_color(index)})
        elif name == "reward":
            rows.append({"name": name, "kind": "reward", "colour": "var(--rv-text)"})
        else:
            rows.append({"name": name, "kind": "return" if name.startswith("return") else "residual", "colour": None})
    return rows


def _about(replay: Replay, count: int) -> str:
    """A line on what it is."""
    stated = replay.rollout.metadata
    facts = [f"{name} {stated[name]}" for name in ("task", "policy", "seed") if isinstance(stated.get(name), str | int)]
    episodes = "1 episode" if count == 1 else f"{count} episodes"
    return printable(", ".join([*facts, episodes]))


def _escaped(value: Any) -> str:
    """JSON that ends no script that it stands in."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c").replace("\u2028", "\\u2028")
