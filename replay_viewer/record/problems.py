"""Problems of a recording: fields that turn out not to fit while it is made, said once each, and stated in it."""

from __future__ import annotations

import logging
from typing import Any, Callable, Collection, Sequence

from ..errors import BadField

_messages = logging.getLogger("replay_viewer")


class Problems:
    """Tells each field's problem once: as a warning, and to whoever keeps it with the recording.

    Args:
        strict: whether to raise it instead.
        unwanted: fields that are not recorded here, whose problems are no problem.

    Attributes:
        path: of the recording, for messages.
        strict: whether they are raised.
        held: what is to be raised, but was told while others, who do not raise theirs, were told too.
    """

    def __init__(self, *, strict: bool = False, unwanted: Collection[str] = ()) -> None:
        self.path: object = "attach"
        self.strict = strict
        self._unwanted = unwanted
        self.held: BadField | None = None
        self._keep: Callable[[str, str], None] | None = None
        self._early: list[tuple[str, str]] = []
        self._told: set[str] = set()

    def keep_with(self, keep: Callable[[str, str], None]) -> None:
        """Hand each field's name and problem to `keep`, those that were told before too."""
        self._keep = keep
        for field, problem in self._early:
            keep(field, problem)

    def tell(self, field: str, problem: str) -> None:
        """Say what is wrong with a field, and what becomes of it. Raises BadField where problems are to be raised."""
        if field in self._unwanted:
            return
        if self.strict and field not in self._told:
            self._told.add(field)
            raise BadField(self.path, field, problem)
        self.state(field, problem)

    def state(self, field: str, problem: str) -> None:
        """Say what the recording lacks from the start, which is nobody's mistake."""
        if field in self._told:
            return
        self._told.add(field)
        _messages.warning("%s: '%s' %s", self.path, field, problem)
        if self._keep is None:
            self._early.append((field, problem))
        else:
            self._keep(field, problem)

    def hold(self, field: str, problem: str) -> None:
        """The same, but what is to be raised is raised by the next `raise_held`."""
        try:
            self.tell(field, problem)
        except BadField as error:
            self.held = self.held or error

    def raise_held(self) -> None:
        """Raise what was held back."""
        error, self.held = self.held, None
        if error is not None:
            raise error

    def attempt(self, field: str, read: Callable[..., Any], *args: Any) -> Any:
        """What `read` gives of a field; None, which is told, where it fails."""
        try:
            return read(*args)
        except Exception as error:
            self.tell(field, f"cannot be read ({type(error).__name__}: {error}): it is unknown.")
            return None

    def tell_term(self, name: str, value: object, expected: tuple[int, ...]) -> None:
        """Say that a reward term is no number for each env."""
        found = getattr(value, "shape", None)
        if found is None:
            problem = f"is a {type(value).__name__}, expected an array of shape {expected}"
        elif tuple(found) != expected:
            problem = f"has shape {tuple(found)}, expected {expected}"
        else:
            problem = f"holds no numbers but {getattr(value, 'dtype', 'something else')}"
        self.tell(f"reward term {name}", f"{problem}: it is NaN in such steps.")


class SharedProblems(Problems):
    """Tells whatever is wrong with what several recordings share to each of them.

    Attributes:
        hearers: the problems of each.
    """

    def __init__(self, *hearers: Problems) -> None:
        super().__init__()
        self.hearers: Sequence[Problems] = hearers

    def tell(self, field: str, problem: str) -> None:
        """Tell each. Raises BadField where all of them raise theirs; else, those who do, do so a little later."""
        if all(hearer.strict for hearer in self.hearers):
            for hearer in self.hearers:
                hearer.tell(field, problem)
        else:
            for hearer in self.hearers:
                hearer.hold(field, problem)

    def state(self, field: str, problem: str) -> None:
        """State it in each."""
        for hearer in self.hearers:
            hearer.state(field, problem)
