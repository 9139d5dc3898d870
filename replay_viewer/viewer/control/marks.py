"""What was done by hand, as the timeline shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import printable
from ...rollout.interventions import INTERVENTION_TEXT, Intervention
from ..session import Session

# More cannot be told apart, and are sent again with each that comes.
_MAX_MARKS = 1000


def marks_of(session: Session) -> Callable[[], dict[str, Any]]:
    """Gives the steps of the env shown that were touched: first and last step, null where it goes on, and a text."""

    def page_state() -> dict[str, Any]:
        touched = session.replay.rollout.touched(session.env_index)[-_MAX_MARKS:]
        return {"byHand": [[part.first, part.last, _text(part.intervention)] for part in touched]}

    return page_state


def _text(intervention: Intervention) -> str:
    """What it was, how strong, and by whom."""
    values = intervention.value if isinstance(intervention.value, list) else []
    strength = f" {sum(value * value for value in values) ** 0.5:.1f} m/s" if intervention.what == "push" else ""
    by = f", by {printable(intervention.by)}" if intervention.by else ""
    return f"{INTERVENTION_TEXT[intervention.what]}{strength}{by}"
