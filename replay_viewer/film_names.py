"""Names of films: templates such as "{task}_{episode:06d}.mp4", and what may stand in them.

Films are named inside of simulators, and where recordings are rendered, so this runs on Python 3.8. The values may come
out of anybody's recording: they are made harmless.
"""

from __future__ import annotations

import math
import re
from numbers import Integral
from string import Formatter
from typing import Any, Mapping

from .errors import BadArgument
from .video.kinds import SUFFIXES

FILM_SUFFIX = SUFFIXES[0]

# What every film may be called by; beside these, by any fact of its training.
FIELDS = (
    "recording",
    "experiment",
    "seed",
    "iteration",
    "global_step",
    "success_rate",
    "env",
    "episode",
    "episodes",
    "outcome",
    "steps",
    "camera",
    "rank",
    "pid",
)
# Of the films that a training run makes.
CLIP_TEMPLATE = (
    "{experiment}-{iteration}-{global_step}-{success_rate:.2f}-ep{episode:06d}-env{env}-{camera}-rank{rank}-{pid}.mp4"
)

# Bytes of one value; file systems allow 255 for a name.
_MAX_BYTES = 80
# Characters that part folders, streams or commands somewhere.
_FORBIDDEN = frozenset('/\\:*?"<>|')


def file_name(template: str, values: Mapping[str, Any], spare: str = "film") -> str:
    """The name of a film's file, ending in .mp4 unless the template says .webm or .gif.

    A field without a value is left out together with the text around it, up to the next "_", "-", " " or ".":
    "walk_seed{seed}_2eps" becomes "walk_2eps". A "/" of the template makes folders; one in a value does not.

    Args:
        template: for example "{recording}_{episode:06d}.mp4".
        values: by field: numbers and texts; anything else, and what is missing, counts as no value.
        spare: the name of what would have none.

    Raises:
        BadArgument: a template that cannot be read or filled in.
    """
    known = {name: plain for name, value in values.items() if (plain := _plain(value)) is not None}
    for name in fields_in(template):
        if name not in known:
            template = _without(template, name)
    try:
        name = template.format_map(known)
    except (ValueError, OverflowError) as error:
        raise BadArgument("--name", template, f"{error}.") from None
    # Below the output folder, whatever was left out at the front.
    name, suffix = _parted(name.lstrip("/"))
    return f"{name}{harmless(spare)}{suffix}" if name.endswith("/") or not name else f"{name}{suffix}"


def fields_in(template: str) -> list[str]:
    """The names of its fields. Raises BadArgument for a template that cannot be read."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise BadArgument("--name", template, f"{error}.") from None
    for name in names:
        if not name.isidentifier():
            raise BadArgument("--name", template, f"{{{name}}} is no name of a field.")
    return names


def harmless(text: str) -> str:
    """The text as a part of a file's name that leads nowhere else."""
    kept = "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in text).strip(" .")
    return kept.encode()[:_MAX_BYTES].decode(errors="ignore") or "_"


def _plain(value: Any) -> float | int | str | None:
    """A number or a text; anything else is nothing to call a file by."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Integral) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return value if isinstance(value, float) and math.isfinite(value) else None


def _parted(name: str) -> tuple[str, str]:
    """A name without its suffix, and the suffix, which is .mp4 where there is none of a film."""
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)], suffix or FILM_SUFFIX


def _without(template: str, name: str) -> str:
    """The template without the pieces that hold a field; a piece lies between separators."""
    text = r"[^_\-. /{}]*"
    piece = rf"{text}\{{{name}(?:[:!][^{{}}]*)?\}}{text}"
    return re.sub(rf"(?:^|(?<=/)){piece}[_\- ]?|[_\-. ]?{piece}", "", template)
