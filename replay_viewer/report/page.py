"""The page: findings put into the template, with style, scripts and data inside, so that it opens from disk."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .. import __version__
from ..errors import ReplayError
from ..rollout.outcomes import OUTCOMES
from ..theme import css_variables
from .drawings import distribution, pairs_plot, return_plot, success_plot, survival_plot
from .evaluation import TO_THE_LIMIT, Evaluation, Measure
from .factors import Factor
from .findings import Findings
from .links import Links
from .sentences import constants, counted, draws, effect, left_out, listed, subtitle, verdict, warnings
from .statistics.estimates import Estimate
from .table import table_of
from .texts import (
    number_text,
    percent_range,
    percent_text,
    plain_text,
    points_range,
    points_text,
    range_text,
    signed_range,
    signed_text,
    value_text,
)

GENERATOR = f"replay-viewer {__version__}"
_TEMPLATES = Path(__file__).with_name("templates")
_MOST_DISTRIBUTIONS = 5


@dataclass(frozen=True)
class Film:
    """What there is to see of an episode.

    Attributes:
        picture: as an address of data; None for none.
        clip: path from the page's folder; None for none.
        replay: likewise, of a file that plays the episode.
        is_coming: whether it is being made.
    """

    picture: str | None = None
    clip: str | None = None
    replay: str | None = None
    is_coming: bool = False


@dataclass(frozen=True)
class PageParts:
    """What is on the page beside the findings.

    Attributes:
        title: of the page.
        links: into the viewer.
        condition: that chose among the episodes; None for all.
        problems: of files, as lines.
        notes: flags and notes, by place.
        films: by place.
        chosen: places of the episodes of which clips were asked for.
    """

    title: str
    links: Links
    condition: str | None = None
    problems: Sequence[str] = ()
    notes: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    films: Mapping[int, Film] = field(default_factory=dict)
    chosen: Sequence[int] = ()


def page_html(found: Findings, parts: PageParts, built: str) -> str:
    """The page. built: when, as it stands there; the rest is the same for the same findings."""
    context = {**_context(found, parts), "digest": "", "built": ""}
    template = _environment().get_template("report.html.j2")
    digest = hashlib.sha256(template.render(context).encode()).hexdigest()
    return template.render({**context, "digest": digest, "built": built})


def _context(found: Findings, parts: PageParts) -> dict[str, Any]:
    episodes, finished = found.episodes, found.finished
    kind_class = {finished.measure.no: "bad", finished.measure.yes: "good", "unknown": "unknown"}
    addresses = {place: parts.links.address(record) for place, record in enumerate(episodes.records)}
    look, script = (_TEMPLATES / "look.js").read_text(), (_TEMPLATES / "report.js").read_text()
    library, library_style = _datatables()
    return {
        "generator": GENERATOR,
        "policy": _policy(look, script),
        "style": Markup(library_style + css_variables("screen") + (_TEMPLATES / "report.css").read_text()),
        "look_script": Markup(look),
        "script": Markup(script),
        "datatables": Markup(library),
        "data": Markup(_in_script(json.dumps(_data(found, parts), separators=(",", ":"), allow_nan=False))),
        "title": parts.title,
        "subtitle": subtitle(found),
        "condition": parts.condition,
        "viewer_hint": f"replay-viewer {shlex.quote(str(parts.links.folder))}" if any(addresses.values()) else "",
        "problems": parts.problems,
        "notes": _Sparse(parts.notes),
        "films": _Sparse(parts.films),
        "chosen_films": [place for place in parts.chosen if place in parts.films],
        "found": found,
        "episodes": episodes,
        "records": episodes.records,
        "name_of": parts.links.name,
        "measure": finished.measure,
        "kind_class": kind_class,
        "shown_kinds": _shown_kinds(finished),
        "num_good": int((finished.is_good == 1).sum()),
        "medians": {"total_reward": _median(finished.total_reward), "steps": _median(finished.steps)},
        "parts": _parts(episodes),
        "by": listed([one.name for one in found.dimensions]),
        "known_outcomes": OUTCOMES,
        "warnings": warnings(found),
        "reward_span": _span([row.total_reward for one in found.dimensions for row in one.summaries]),
        "verdicts": [verdict(comparison, finished) for comparison in found.comparisons],
        "pair_plots": [pairs_plot(comparison, finished) for comparison in found.comparisons],
        "factors": [_factor(factor, found) for factor in found.factors],
        "constants": constants(finished),
        "survivors": found.survivors,
        "survival": None if found.survivors is None else survival_plot(found.survivors),
        "distributions": _distributions(finished),
        "terms": [_term(term) for term in found.terms],
        "addresses": addresses,
        "draws": _Sparse(draws(found)),
        "unfinished": left_out(episodes, parts.links),
    }


class _Sparse(dict):
    """Of most episodes there is nothing."""

    def __missing__(self, place: int) -> None:
        return None


# -- parts of it -------------------------------------------------------------------


def _factor(factor: Factor, found: Findings) -> dict[str, Any]:
    return {
        "name": factor.name,
        "effect": effect(factor, found),
        "success": success_plot(factor, found.finished, found.whole.good),
        "rewards": return_plot(factor, found.whole.total_reward),
    }


def _parts(episodes: Evaluation) -> list[dict[str, Any]]:
    """All episodes by how they ended."""
    measure = episodes.measure
    unknown = episodes.is_finished & ~np.isfinite(episodes.is_good)
    counts = [
        (measure.yes, "good", episodes.is_good == 1),
        (measure.no, "bad", episodes.is_good == 0),
        ("of unknown success" if measure is not TO_THE_LIMIT else "unknown", "unknown", unknown),
        ("aborted", "aborted", (episodes.outcome == "aborted") & ~episodes.is_manual),
        ("unfinished", "unfinished", (episodes.outcome == "unfinished") & ~episodes.is_manual),
        ("with a hand in it", "manual", episodes.is_manual),
    ]
    chosen = {"good": _choice(measure, True), "bad": _choice(measure, False)}
    chosen.update({outcome: {"column": "outcome", "text": outcome} for outcome in ("aborted", "unfinished")})
    return [
        {"name": name, "kind": kind, "count": int(mask.sum()), "chosen": chosen.get(kind)}
        for name, kind, mask in counts
        if mask.any()
    ]


def _choice(measure: Measure, is_good: bool) -> dict[str, Any]:
    """What chooses such episodes in the table."""
    if measure is TO_THE_LIMIT:
        return {"column": "outcome", "text": "truncated" if is_good else "terminated"}
    return {"column": "success", "text": "yes" if is_good else "no"}


def _shown_kinds(episodes: Evaluation) -> list[str]:
    kinds = [(episodes.measure.no, 0.0), (episodes.measure.yes, 1.0)]
    shown = [kind for kind, value in kinds if (episodes.is_good == value).any()]
    return [*shown, "unknown"] if np.isnan(episodes.is_good).any() else shown


def _distributions(episodes: Evaluation) -> list[tuple[str, Any]]:
    found = []
    for name, values, label, column in (
        ("Return", episodes.total_reward, "return", "total_reward"),
        ("Length", episodes.steps, "length [steps]", "episode_length"),
    ):
        if np.isfinite(values).any():
            found.append((name, distribution(episodes, values, label, column)))
    for name, values in episodes.progress.items():
        known = [value for value in values if value is not None]
        if len(found) < _MOST_DISTRIBUTIONS and len(set(known)) > 1 and all(isinstance(v, float) for v in known):
            numbers = np.array([math.nan if value is None else value for value in values])
            found.append((f"Progress: {name}", distribution(episodes, numbers, name, f"progress.{name}")))
    return found


def _term(term: Any) -> dict[str, Any]:
    return {
        "name": term.name,
        "rates": term.rates,
        "sums": term.sums,
        "rate_span": _span(term.rates),
        "sum_span": _span(term.sums),
    }


def _span(estimates: Sequence[Estimate]) -> tuple[float, float]:
    """From the least to the greatest end of intervals, zero included, with a little room; (0, 0) of none."""
    ends = [end for one in estimates for end in (one.value, one.low, one.high) if math.isfinite(end)]
    if not ends:
        return 0.0, 0.0
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    room = 0.03 * (high - low)
    return (low - room if low < 0 else 0.0), (high + room if high > 0 else 0.0)


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


# -- the document --------------------------------------------------------------


def _data(found: Findings, parts: PageParts) -> dict[str, Any]:
    columns = table_of(
        found.episodes, [one.field for one in found.dimensions], [one.name for one in found.factors], parts.notes
    )
    recordings: list[str | None] = []
    for column in columns:
        if column["id"] == "recording":
            recordings = [parts.links.query(path) for path in column["texts"]]
            column["texts"] = [parts.links.name(path) for path in column["texts"]]
    return {
        "count": len(found.episodes),
        "columns": columns,
        "recordings": recordings,
        "viewer": parts.links.viewer,
        "outcomes": list(OUTCOMES),
        "clips": {place: film.clip for place, film in parts.films.items() if film.clip},
        "replays": {place: film.replay for place, film in parts.films.items() if film.replay},
    }


def _in_script(text: str) -> str:
    """JSON that ends no script, whatever its texts hold."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(*scripts: str) -> str:
    """Only our own scripts run, whatever else got into the page, and nothing is fetched from anywhere."""
    hashes = " ".join(f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes} blob:; style-src 'unsafe-inline'; img-src data:; "
        "media-src 'self' file:; connect-src 'self'; base-uri 'none'; form-action 'none'"
    )


@lru_cache(maxsize=1)
def _datatables() -> tuple[str, str]:
    """The script and the style of DataTables. Raises ReplayError where the package with them is not there."""
    found = find_spec("itables")
    folder = Path(found.origin).parent / "html" if found and found.origin else Path()
    try:
        return (folder / "dt_bundle.js").read_text(), (folder / "dt_bundle.css").read_text()
    except OSError as error:
        raise ReplayError("itables, which has the report's table, is missing: pip install 'itables>=2.9,<3'") from error


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number_text,
        plain=plain_text,
        percent=percent_text,
        percent_range=percent_range,
        points=points_text,
        signed=signed_text,
        value=value_text,
        range=range_text,
        signed_range=signed_range,
        points_range=points_range,
        counted=counted,
        whole=lambda number: f"{number:,}",
        clip=lambda share: round(min(max(share, 0.0), 100.0), 2),
        json=lambda value: json.dumps(value, allow_nan=False),
    )
    return environment
