"""A user's own values, logged beside those of a step: signals, and reward terms that nothing else brings."""

from __future__ import annotations

import math
import operator
from typing import Any, Dict, Mapping, Sequence, Tuple

import numpy as np

from ..arrays import as_array
from ..container.layout import MAX_RECORD_BYTES, is_field_name
from ..errors import BadField, UnknownName
from ..rollout.entities import field_shapes

# Of one step: signals by name, and the terms side by side.
Logged = Tuple[Dict[str, np.ndarray], np.ndarray]
_EXAMPLE = 'Declare signals={"power": (), "feet": (4, 3)}.'
_MADE = {"flags": "the ends of episodes", "rew_terms": "reward terms; see log_terms"}
_NO_TERMS = np.zeros((0, 0), np.float32)


class LoggedValues:
    """Collects signals and terms until the step that they belong to is appended; they are stored as float32.

    The first step fixes the names. In later steps, what was not logged is NaN.

    Args:
        where: the recording, for messages.
        num_envs: rows of every value.
        signals: shape of one env's value, by name, of those that come later than in the first step.
        demanded: the same of names that a recording has only in that shape; see `demanded_shapes`.

    Attributes:
        signals: shape of one env's value, by name.
        terms: names of reward terms, in the order of their columns.
        rewards: shape of a step's rewards, as soon as it is known.
    """

    def __init__(
        self,
        where: object,
        num_envs: int,
        signals: Mapping[str, tuple[int, ...]],
        demanded: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.signals, self._demanded = dict(signals), dict(demanded)
        self.terms: list[str] = []
        self.rewards: tuple[int, ...] | None = None
        self._where, self._num_envs = where, num_envs
        self._fixed = False
        self._values: dict[str, np.ndarray] = {}
        self._term_values: dict[str, np.ndarray] = {}
        self._refused: set[str] = set()

    def put(self, name: str, values: Any) -> None:
        """Log a signal, (num_envs, ...) or one number for all. Raises UnknownName, BadField."""
        array = self._rows(name, values)
        if not self._admits("field", name, self.signals, f"signals={{{name!r}: {array.shape[1:]}}}"):
            return
        _refuse_made(name, self._where)
        shape = self.signals.get(name, self._demanded.get(name, array.shape[1:]))
        if array.shape[1:] != shape:
            raise BadField(self._where, name, f"has shape {array.shape}, expected {(self._num_envs, *shape)}.")
        self.signals[name] = shape
        self._values[name] = array
        if name == "rew":
            self.rewards = array.shape

    def put_term(self, name: str, values: Any) -> None:
        """Log a reward term, (num_envs,) or (num_envs, num_agents), or one number. Raises UnknownName, BadField."""
        array = self._rows(name, values)
        if self._admits("reward term", name, self.terms, f"terms=[{name!r}]"):
            if self.rewards is not None:
                self._fit(name, array, self.rewards)
            if name not in self.terms:
                self.terms.append(name)
            self._term_values[name] = array

    def demand(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """State, by the first step, that a signal can have this shape only.

        Returns:
            The shape in which it was declared or logged, if that is another one: it is left out from now on.
        """
        self._demanded[name] = shape
        if self.signals.get(name, shape) == shape:
            return None
        self._refused.add(name)
        self._values.pop(name, None)
        return self.signals.pop(name)

    @property
    def is_complete(self) -> bool:
        """Whether this step has everything that the first one had."""
        return self._fixed and len(self._values) == len(self.signals) and len(self._term_values) == len(self.terms)

    def take(self, rewards: tuple[int, ...]) -> Logged:
        """What was logged for this step, and the terms side by side, (*rewards, num_terms); the next begins empty.

        Args:
            rewards: shape of the step's rewards, (num_envs,) or (num_envs, num_agents).
        """
        self.rewards = rewards
        if not (self.signals or self.terms):
            self._fixed = True
            return {}, _NO_TERMS
        signals = {name: self._values.get(name, _unknown((self._num_envs, *s))) for name, s in self.signals.items()}
        terms = _unknown((*rewards, len(self.terms)))
        for column, name in enumerate(self.terms):
            if name in self._term_values:
                terms[..., column] = self._fit(name, self._term_values[name], rewards)
        self._values.clear()
        self._term_values.clear()
        self._fixed = True
        return signals, terms

    def _rows(self, name: str, values: Any) -> np.ndarray:
        # A copy: simulators reuse their buffers.
        array = np.array(as_array(values), dtype=np.float32)
        if array.ndim == 0:
            array = np.full(self._num_envs, array, np.float32)
        if array.shape[0] != self._num_envs:
            raise BadField(
                self._where, name, f"has shape {array.shape}, expected a row for each of {self._num_envs} envs."
            )
        return array

    def _fit(self, name: str, term: np.ndarray, rewards: tuple[int, ...]) -> np.ndarray:
        """The term in the shape of the rewards, or one that extends to it."""
        if term.shape == rewards:
            return term
        if term.shape == rewards[:1]:
            return term[:, None]  # The same for all agents.
        raise BadField(self._where, name, f"has shape {term.shape}, but the rewards of a step have {rewards}.")

    def _admits(self, kind: str, name: str, known: Sequence[str] | Mapping[str, Any], declaration: str) -> bool:
        """Whether the name is among those of the first step; says once that it is not, then lets the loop go on."""
        if name in self._refused:
            return False
        if not self._fixed or name in known:
            return True
        self._refused.add(name)
        raise UnknownName(kind, name, tuple(known), f"the first step; declare it up front with {declaration}")


def demanded_shapes(entities: Any) -> dict[str, tuple[int, ...]]:
    """Shapes of one env's value that a recording demands of the fields of its entities, by name."""
    try:
        return field_shapes(entities)
    except (AttributeError, TypeError):  # A writer says what is wrong with them.
        return {}


def declared_shapes(signals: Any, demanded: Mapping[str, tuple[int, ...]], where: object) -> dict[str, tuple[int, ...]]:
    """Shapes of signals by name, as users declare them; a number is a shape of one axis.

    Raises BadField for what no recording can have, `demanded` or not: the first step would be too late to say so.
    """
    if signals is not None and not isinstance(signals, Mapping):
        raise BadField(where, "signals", f"is a {type(signals).__name__}, expected shapes by name. {_EXAMPLE}")
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in (signals or {}).items():
        if not isinstance(name, str) or not is_field_name(name):
            raise BadField(where, "signals", f"has the name {name!r}, expected letters, digits and _ . / - only.")
        _refuse_made(name, where)
        try:
            axes = [shape] if hasattr(shape, "__index__") and not np.ndim(shape) else list(shape)
            shapes[name] = tuple(operator.index(axis) for axis in axes)
        except TypeError:
            raise BadField(where, name, f"is declared with the shape {shape!r}. {_EXAMPLE}") from None
        if min(shapes[name], default=1) < 1 or 4 * math.prod(shapes[name]) > MAX_RECORD_BYTES:
            raise BadField(where, name, f"is declared with the shape {shape!r}, which no record can hold.")
        if shapes[name] != demanded.get(name, shapes[name]):
            raise BadField(where, name, f"is declared with the shape {shapes[name]}, expected {demanded[name]}.")
    return shapes


def _refuse_made(name: str, where: object) -> None:
    """Raise BadField for a name of what a recorder makes itself."""
    if name in _MADE:
        raise BadField(where, name, f"is no signal that one may log: it is made of {_MADE[name]}.")


def _unknown(shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, np.nan, np.float32)
