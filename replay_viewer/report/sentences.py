"""Sentences: what the page says of the findings in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..episode_record import EpisodeRecord
from .comparison import Comparison
from .evaluation import TO_THE_LIMIT, Evaluation
from .factors import Factor
from .findings import Findings
from .links import Links
from .statistics.estimates import Estimate
from .texts import MINUS, percent_range, percent_text, plain_text, points_text, value_text

# Episodes without an end that are named.
_MOST_NAMED = 6
# Values of factors below an episode's card.
_MOST_DRAWS = 3
# Of all factors together, how often one may look as if it did something by chance alone.
_CHANCE = 0.05


def subtitle(found: Findings) -> str:
    """How much was evaluated."""
    recordings = {record.recording for record in found.episodes.records if record.recording is not None}
    counts = [counted(len(recordings), "recording")] if recordings else []
    counts += [counted(len(one.labels) + one.num_left_out, one.name) for one in found.dimensions]
    return ", ".join([f"{counted(len(found.finished), 'finished episode')}", *counts])


def warnings(found: Findings) -> list[str]:
    """What a reader has to know before believing the numbers."""
    lines = []
    stop = found.early_stop
    measure = found.finished.measure
    if stop is not None:
        line = (
            f"Short episodes may count too much: envs finished between {stop.fewest} and {stop.most} episodes each, "
            "and those that end early come round more often"
        )
        line += f" ({counted(stop.num_running, 'episode')} still ran at the end)." if stop.num_running else "."
        if stop.num_counted and stop.good.count:
            line += (
                f" With equally many from each env, {stop.num_counted:,} in all, the {measure.name.lower()} is "
                f"{percent_text(stop.good.value)} ({percent_range(stop.good.low, stop.good.high)})"
            )
            line += f", and the mean return {value_text(stop.total_reward)}." if stop.total_reward.count else "."
        lines.append(line)
    if measure is TO_THE_LIMIT:
        lines.append(
            "No episode says whether it was a success. What is measured is how many ran to their time limit instead of "
            "being terminated."
        )
    unknown = len(found.finished) - found.whole.good.count
    if found.whole.good.count and unknown:
        lines.append(f"Of {counted(unknown, 'finished episode')} it is not known whether it was a success.")
    return lines


def verdict(comparison: Comparison, episodes: Evaluation) -> str:
    """One sentence: whether there is a difference."""
    first, second = comparison.names
    good, reward = comparison.good_difference, comparison.reward_difference
    differences = [difference for difference in (good, reward) if difference.count]
    if differences and not any(_is_clear(difference) for difference in differences):
        return f"Episode for episode against {first}, {second} is neither clearly ahead nor behind."
    found = []
    if good.count:
        text = points_text(abs(good.value)).lstrip("+").replace("points", "percentage points")
        found.append(f"{_ahead(good, text)} in {episodes.measure.short}")
    if reward.count:
        found.append(f"{_ahead(reward, value_text(reward).lstrip(MINUS))} in return")
    return f"Episode for episode against {first}, {second} is {' and '.join(found)}." if found else ""


def effect(factor: Factor, found: Findings) -> str:
    """What a factor does to success, or "" where that is not clear."""
    if factor.chance * len(found.factors) >= _CHANCE:
        return ""
    best, worst = factor.ends
    return (
        f"{found.finished.measure.short.capitalize()} falls from {percent_text(best.good.value)} ({best.text}) to "
        f"{percent_text(worst.good.value)} ({worst.text})."
    )


def constants(episodes: Evaluation) -> str:
    """Factors that had one value throughout."""
    found = []
    for name, values in episodes.factors.items():
        known = {value for value in values if value is not None}
        if len(known) == 1:
            value = next(iter(known))
            found.append(f"{name} {plain_text(value) if isinstance(value, float) else value}")
    return ", ".join(found)


def draws(found: Findings) -> dict[int, str]:
    """By place, the values that an episode had of the factors that matter most."""
    chosen = [factor.name for factor in found.factors[:_MOST_DRAWS]]
    columns = found.episodes.factors
    return {
        place: ", ".join(
            f"{name} {plain_text(value) if isinstance(value, float) else value}"
            for name in chosen
            if (value := columns[name][place]) is not None
        )
        for place in range(len(found.episodes))
    }


def left_out(episodes: Evaluation, links: Links) -> str:
    """Which episodes have no end of their own."""
    places = np.flatnonzero((episodes.outcome == "unfinished") & ~episodes.is_manual)
    aborted = int(((episodes.outcome == "aborted") & ~episodes.is_manual).sum())
    manual = int(episodes.is_manual.sum())
    sentences = []
    if len(places):
        named = [_place_text(episodes.records[place], links) for place in places[:_MOST_NAMED]]
        more = len(places) - len(named)
        rest = f"; and {more:,} more, outcome unfinished in the table" if more else ""
        sentences.append(f"{counted(len(places), 'episode')} did not come to an end: {'; '.join(named)}{rest}.")
    if aborted:
        sentences.append(f"{counted(aborted, 'episode')} aborted by a reset from outside.")
    if manual:
        sentences.append(f"{counted(manual, 'episode')} in which somebody had a hand (--manual counts them).")
    return " ".join(sentences)


def counted(count: int, noun: str) -> str:
    """3 seeds, 1 policy."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else plural}"


def listed(names: Sequence[str]) -> str:
    """One, two and three."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _is_clear(difference: Estimate) -> bool:
    return difference.low > 0 or difference.high < 0


def _ahead(difference: Estimate, text: str) -> str:
    if not _is_clear(difference):
        return "neither clearly ahead nor behind"
    return f"{text} {'ahead' if difference.value > 0 else 'behind'}"


def _place_text(record: EpisodeRecord, links: Links) -> str:
    where = f" of {links.name(record.recording)}" if record.recording is not None else ""
    return f"env {record.env_id}, episode {record.episode_in_env}{where}"
