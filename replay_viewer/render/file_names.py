"""Names of video files from a template, whose values may come out of anybody's recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Integral
from string import Formatter

from ..errors import BadArgument, UnknownName
from .film import Film

DEFAULT_TEMPLATE = "{recording}_seed{seed}_{episodes}eps.mp4"
SPLIT_TEMPLATE = "{recording}_seed{seed}_env{env}_ep{episode:03d}.mp4"
FIELDS = ("recording", "seed", "iteration", "env", "episode", "episodes", "outcome", "steps")

# Bytes of one value; file systems allow 255 for a name.
_MAX_BYTES = 80
# Characters that part folders, streams or commands somewhere.
_FORBIDDEN = frozenset('/\\:*?"<>|')


def file_name(template: str, film: Film) -> str:
    """The name of a film's file, ending in .mp4.

    Fields: recording; seed and iteration, where the recording states them; env, episode and outcome, where all that is
    shown has one; episodes, how many; steps, how many of the recording. A field without a value is left out together
    with the text around it, up to the next "_", "-", " " or ".": "walk_seed{seed}_2eps" becomes "walk_2eps". A "/" of
    the template makes folders; one in a value does not.

    Args:
        template: for example "{recording}_{episode:06d}.mp4".
        film: what the file will show.

    Raises:
        UnknownName: a field that there is not.
        BadArgument: a template that cannot be read or filled in.
    """
    values = _values(film)
    for name in _fields_in(template):
        if name not in FIELDS:
            raise UnknownName("field", name, FIELDS, where="a file name's template")
        if values[name] is None:
            template = _without(template, name)
    try:
        name = template.format_map(values)
    except (ValueError, OverflowError) as error:
        raise BadArgument("--name", template, f"{error}.") from None
    # Below the output folder, whatever was left out at the front.
    name = name.lstrip("/").removesuffix(".mp4")
    return f"{name}{values['recording']}.mp4" if name.endswith("/") or not name else f"{name}.mp4"


def _values(film: Film) -> Mapping[str, int | str | None]:
    rollout, shots = film.rollout, film.shots
    episodes = [shot.episode for shot in shots if shot.episode is not None]
    return {
        "recording": _harmless(rollout.name),
        "seed": _stated(rollout.metadata.get("seed")),
        "iteration": _stated(rollout.metadata.get("iteration")),
        "env": _common([rollout.env_ids[shot.envs[0]] for shot in shots]),
        "episode": episodes[0].index if len(episodes) == 1 else None,
        "episodes": len(episodes) or None,
        "outcome": _common([episode.outcome for episode in episodes]),
        "steps": sum(len(shot.steps) for shot in shots),
    }


def _common(values: list) -> int | str | None:
    """The one value of all, if it is one."""
    return values[0] if len(set(values)) == 1 else None


def _stated(value: object) -> int | str | None:
    """A number or a text of a recording's metadata; anything else is nothing to call a file by."""
    if isinstance(value, str):
        return _harmless(value)
    return int(value) if isinstance(value, Integral) else None


def _harmless(text: str) -> str:
    """The text as a part of a file's name that leads nowhere else."""
    kept = "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in text).strip(" .")
    return kept.encode()[:_MAX_BYTES].decode(errors="ignore") or "_"


def _fields_in(template: str) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise BadArgument("--name", template, f"{error}.") from None


def _without(template: str, name: str) -> str:
    """The template without the pieces that hold a field; a piece lies between separators."""
    text = r"[^_\-. /{}]*"
    piece = rf"{text}\{{{name}(?:[:!][^{{}}]*)?\}}{text}"
    return re.sub(rf"(?:^|(?<=/)){piece}[_\- ]?|[_\-. ]?{piece}", "", template)
