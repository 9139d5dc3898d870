"""Errors that take facts and compose the message: what is wrong, where, what to do.

Every error that a user's input can cause derives from `ReplayError`; the command line prints it as one line and
exits with code 2. Anything else that escapes is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from typing import Iterable, Mapping, Sequence


class ReplayError(Exception):
    """Base of every error that comes from the user's input and not from a bug in this package."""


class FileProblem(ReplayError):
    """A file that cannot be used: which one, why, and what helps."""

    def __init__(self, path: object, problem: str, fix: str = "") -> None:
        self.path, self.problem, self.fix = path, problem, fix
        super().__init__(f"{path}: {problem}" + (f" {fix}" if fix else ""))


class BadField(FileProblem):
    """An array of a file whose shape, type or values are wrong.

    Attributes:
        field: its name.
        fault: what is wrong with it, without the name.
    """

    def __init__(self, path: object, field: str, problem: str, fix: str = "") -> None:
        self.field, self.fault = field, problem
        super().__init__(path, f"'{field}' {problem}", fix)


class RecordingStopped(FileProblem):
    """A recording that its disk refuses to go on with, that was deleted, or that is closed.

    Attributes:
        is_told: whether the log "replay_viewer" has it already.
    """

    is_told = False


class StaticFilm(FileProblem):
    """A film whose frames are all the same picture, as those of a simulator without a display are."""

    def __init__(self, path: object, num_frames: int, is_black: bool) -> None:
        self.num_frames, self.is_black = num_frames, is_black
        super().__init__(
            path,
            f"not written: all {num_frames} frames are the same picture{', all black' if is_black else ''}. "
            "So are those of a simulator that draws nothing without a display.",
            "Record its states instead, which needs none: attach(env, 'run.rec'), and later "
            "`replay-viewer render run.rec out.mp4`. If it is to stand still: allow_static=True.",
        )


class NewerVersion(FileProblem):
    """A recording whose major version this package does not know."""

    def __init__(self, path: object, found: str, supported: str) -> None:
        self.found, self.supported = found, supported
        super().__init__(
            path,
            f"the recording has format version {found}, this replay-viewer reads {supported}.",
            "Upgrade it: pip install -U replay-viewer",
        )


class UnknownName(ReplayError):
    """A name or id that is not among those there are, for example a joint, a reward term or an env."""

    def __init__(
        self, kind: str, name: object, known: Sequence[object], where: str = "the recording", meant: str = ""
    ) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        super().__init__(f"{kind} {name!r} is not in {where}.{meant or f' Known {_plural(kind)}: {listing(known)}'}")


class BadArgument(ReplayError):
    """An option or an argument whose value does not fit the recording."""

    def __init__(self, option: str, value: object, problem: str) -> None:
        self.option, self.value, self.problem = option, value, problem
        super().__init__(f"{option} {value}: {problem}")


class UnmatchedJoints(ReplayError):
    """A recording and a URDF that have no joint in common."""

    def __init__(self, entity: str, recorded: Sequence[str], robot: str, known: Sequence[str]) -> None:
        self.entity, self.recorded, self.robot, self.known = entity, tuple(recorded), robot, tuple(known)
        super().__init__(
            f"None of the {len(recorded)} recorded joints of {entity!r} is in the URDF of {robot!r}. "
            f"Recorded: {listing(recorded)}. In the URDF: {listing(known)}. "
            "Give the URDF that was simulated (--urdf), or its names of the recorded joints in order (--joint-names)."
        )


class UnknownEnvironment(ReplayError):
    """An environment that no adapter fits.

    Attributes:
        environment: its class.
        missing: by adapter, the attributes that it lacks.
    """

    def __init__(self, environment: str, missing: Mapping[str, Sequence[str]], own_adapter: str) -> None:
        self.environment, self.missing = environment, dict(missing)
        lacks = "".join(f"\n  {adapter}: it has no {listing(names)}" for adapter, names in missing.items())
        super().__init__(
            f"{environment} is no environment that can be recorded without help. Looked for:{lacks}\n"
            f"Write an adapter of your own:\n\n{own_adapter}\n"
        )


def listing(names: Iterable[object], limit: int = 40) -> str:
    """The names as one comma-separated line, cut after `limit` of them with a count of the rest."""
    shown = [str(name) for name in names]
    rest = len(shown) - limit
    if not shown:
        return "none"
    return ", ".join(shown[:limit]) + (f", ... ({rest} more)" if rest > 0 else "")


def printable(text: str) -> str:
    """The text with "?" for what steers a terminal or is no character: names in a file may be anybody's."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x")) else "s")
