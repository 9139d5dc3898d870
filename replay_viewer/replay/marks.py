"""Bookmarks of takes: steps that people have noted beside a recording."""

from __future__ import annotations

from dataclasses import replace

from ..episodes.annotations import read_annotations
from .take import Take


def marked(take: Take) -> Take:
    """A take with the first step from its start on, else of all that it shows, that is noted of its env.

    The same take where none is. Raises FileProblem where there are notes that cannot be read.
    """
    rollout = take.replay.rollout
    if rollout.path is None:
        return take
    env_id, (first, last) = rollout.env_ids[take.env_index], take.span
    notes = read_annotations(rollout.path).items()
    steps = sorted(n.step for (env, _), n in notes if env == env_id and n.step is not None and first <= n.step <= last)
    mark = next((step for step in steps if step >= take.start), next(iter(steps), None))
    return take if mark is None else replace(take, mark=mark)
