"""The Recording tab: the facts of every recording that is shown, and every doubt about it with its reason."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import printable
from ...rollout.entities import EntitySpec
from ...rollout.rollout import Verdict
from ..wire.page import Page
from .panel import Shown, send_changes

if TYPE_CHECKING:
    from ...replay.replay import Replay
    from ...robot import Robot

# What a user should see first comes first.
_ORDER = ("problem", "assumed", "found", "stated")
_NO_TERMS = "none recorded; attach() takes those that a simulator keeps, log_terms() any"


class RecordingPanel:
    """Text: facts and verdicts, which change while the lead's recording is written."""

    def __init__(self, page: Page, replays: Sequence[Replay]) -> None:
        self._htmls = [page.gui.add_html(recording_html(replay)) for replay in replays]

    def sync(self, shown: Shown) -> None:
        """Show what is known of the lead's recording now; of one that is not followed nothing changes."""
        tail = shown.session.tail
        if shown.takes_growth and tail is not None and tail.state != "lost":
            send_changes(self._htmls[0], content=recording_html(shown.session.replay))


def recording_html(replay: Replay) -> str:
    """The panel's content of one recording. Everything that comes from the file is escaped."""
    rows = "".join(f"<tr><td>{name}</td><td>{html.escape(text)}</td></tr>" for name, text in _facts(replay))
    verdicts = sorted(replay.verdicts, key=lambda verdict: _ORDER.index(verdict.status))
    cards = "".join(map(_card, verdicts)) or "<p>Nothing had to be assumed.</p>"
    number = doubts(verdicts)
    heading = f"How the file was read{f': {number} to check' if number else ''}"
    return f'<div class="rv-file"><table>{rows}</table><h4>{heading}</h4>{cards}</div>'


def doubts(verdicts: Sequence[Verdict]) -> int:
    """How many verdicts a user should look at."""
    return sum(verdict.status in ("problem", "assumed") for verdict in verdicts)


def _facts(replay: Replay) -> list[tuple[str, str]]:
    rollout = replay.rollout
    steps = "1 step" if rollout.num_steps == 1 else f"{rollout.num_steps} steps"
    seconds = (rollout.num_steps - 1) * rollout.control_dt
    facts = [
        ("file", printable(str(rollout.path or rollout.name))),
        ("length", f"{steps} of {rollout.control_dt:g} s, {seconds:.2f} s in all"),
        ("envs", f"{rollout.num_envs}"),
        (
            "reward terms",
            ", ".join(rollout.reward_terms) or _NO_TERMS,
        ),
        ("fields", ", ".join(rollout.fields)),
    ]
    facts += [(entity.kind, _entity(entity, replay.robots[entity.name])) for entity in rollout.entities.values()]
    return facts


def _entity(entity: EntitySpec, robot: Robot) -> str:
    """What stands for an entity, and how many of its joints are recorded."""
    shape = entity.shape["type"] if entity.shape else "neutral body"
    joints = f", {len(entity.joint_names)} joints recorded" if entity.kind == "robot" or entity.joint_names else ""
    return f"{entity.name}: {robot.name if robot.path else shape}{joints}"


def _card(verdict: Verdict) -> str:
    topic, finding, reason = (html.escape(text) for text in (verdict.topic, verdict.finding, verdict.reason))
    heading = f"<b>{topic}: {finding}</b> ({verdict.status})"
    return f'<div class="verdict {verdict.status}">{heading}<span>{reason}</span></div>'
