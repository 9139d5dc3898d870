"""Wrong usage of a command in one line: what is wrong, and the option or the command that was probably meant."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import tyro

from replay_viewer.errors import BadArgument, FileProblem, ReplayError, listing
from replay_viewer.paths import local_path

from .imports import trusted_defaults

_EXPECTED = {int: "a whole number", float: "a number"}
# At the beginning of a line of the help, perhaps after the frame around it.
_OPTION_IN_HELP = re.compile(r"^\W*?(--?[a-z][a-z-]*)(?:, (--[a-z-]+))?", re.MULTILINE)


class WrongUsage(ReplayError):
    """A command line that its command does not take.

    Attributes:
        command: as it is typed, such as "replay-viewer view".
    """

    def __init__(self, command: str, problem: str) -> None:
        self.command = command
        super().__init__(f"{command} {problem} Its options: {command} --help")


class _Rejected(Exception):
    """What tyro says of a command line that it does not take."""

    def __init__(self, event: Any) -> None:
        self.event = event


def call(function: Callable[..., None], command: str, args: Sequence[str]) -> None:
    """Call a command's function with what its command line means.

    Raises:
        ReplayError: the command line is wrong, or the command found something wrong.
    """
    try:
        with _handed_over(), trusted_defaults():
            run = tyro.cli(_bound(function), prog=command, args=args, registry=_LOCAL_PATHS)
    except _Rejected as rejected:
        event = rejected.event
    else:
        return run()
    known = _options(function, command)
    unknown = next((name for name in map(_option_name, args) if name and name not in known), None)
    if unknown is not None:
        meant = _meant(unknown, known)
        raise WrongUsage(command, f"has no option {unknown}." + (f" Did you mean {meant}?" if meant else ""))
    raise _problem(event, command, args)


def _bound(function: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """The function, as one that only keeps its arguments: what it calls is to find nothing in tyro's place."""

    @wraps(function)
    def keep(*args: Any, **options: Any) -> Callable[[], None]:
        return partial(function, *args, **options)

    return keep


def refuse_unknown(word: str, commands: Iterable[str]) -> None:
    """Raises FileProblem for a word in the place of a command or a file that is neither, nor looks like a file."""
    path = Path(word)
    if get_close_matches(word, ["--version"], cutoff=0.8) and word != "--version":
        raise WrongUsage("replay-viewer", f"has no option {word}. Did you mean --version?")
    if path.exists() or path.suffix or len(path.parts) != 1 or word.startswith("-"):
        return
    meant = _meant(word, [*commands, "--help", "--version"])
    fix = f"Did you mean: replay-viewer {meant}" if meant else f"Commands: {listing(commands)}."
    raise FileProblem(word, "there is no such command, and no such file.", fix)


def _handed_over() -> contextlib.AbstractContextManager[None]:
    """In the block, tyro raises _Rejected instead of explaining in a box what is wrong.

    Its way to do so is private; where it is gone, the box is shown, and the exit code is 2 all the same.
    """
    try:
        from tyro._errors import on_parse_error
    except ImportError:
        return contextlib.nullcontext()

    def hand_over(event: object) -> None:
        raise _Rejected(event)

    return on_parse_error(hand_over)


def _problem(event: Any, command: str, args: Sequence[str]) -> ReplayError:
    """The error that an event of tyro's is for us."""
    kind = type(event).__name__
    if kind == "UnrecognizedArgs":
        return _left_over(event.tokens[0], command, args)
    if kind == "MissingArgs":
        return WrongUsage(command, f"needs {' and '.join(_name(missing.arg) for missing in event.missing_arguments)}.")
    if kind == "InvalidChoice":
        return _not_one_of(_name(event.argument), event.value, sorted(set(event.choices) - {"None"}))
    if kind == "InstantiationFailure":
        expected = next(text for number, text in _EXPECTED.items() if number in _types(event.argument.field.type))
        return BadArgument(_name(event.argument), _value_of(event.argument, args), f"expected {expected}.")
    if kind == "BadValue":
        return WrongUsage(command, f"needs a value after {_name(event.argument)}: {event.argument.lowered.metavar}.")
    return WrongUsage(command, f"does not take these arguments: {' '.join(args)}.")


def _left_over(word: str, command: str, args: Sequence[str]) -> WrongUsage:
    """Of a word that belongs to nothing: another path, or the value of an option that has none."""
    given = next((arg for arg in args if arg.startswith("--") and arg.endswith(f"={word}")), None)
    if given is not None:
        return WrongUsage(command, f"takes no value after {given.partition('=')[0]}: {word}.")
    return WrongUsage(command, f"has no use for {word!r}, which is one argument too many.")


def _not_one_of(name: str, value: str, choices: Sequence[str]) -> BadArgument:
    meant = _meant(value, choices)
    return BadArgument(name, value, f"expected {' or '.join(choices)}." + (f" Did you mean {meant}?" if meant else ""))


def _name(argument: Any) -> str:
    """Of one of tyro's arguments, for people: --port, or PATH."""
    if argument.is_positional():
        return str(argument.lowered.metavar).strip("[]")
    return argument.lowered.name_or_flags[-1]


def _types(annotation: Any) -> tuple[Any, ...]:
    """Those that a value may have: of "int | None", both."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_args(annotation) or (annotation,)


def _value_of(argument: Any, args: Sequence[str]) -> str:
    """The value that an option was given last."""
    value = ""
    for word, following in zip(args, [*args[1:], ""], strict=True):
        if _option_name(word) in argument.lowered.name_or_flags:
            value = word.partition("=")[2] if "=" in word else following
    return value


def _options(function: Callable[..., None], command: str) -> list[str]:
    """All options of a command, as its help lists them."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        tyro.cli(function, prog=command, args=["--help"])
    return [name for names in _OPTION_IN_HELP.findall(text.getvalue()) for name in names if name]


def _option_name(word: str) -> str:
    """--joint-names of "--joint_names=a,b"; nothing of what is no option, such as "-1" or "-inf"."""
    name = word.partition("=")[0].replace("_", "-")
    return name if re.fullmatch(r"--?[A-Za-z][\w-]*", name) and name not in ("-inf", "-nan") else ""


def _meant(word: str, known: Iterable[str]) -> str | None:
    """The one of the known words that is most like a word."""
    by_letters = {name.lstrip("-"): name for name in known}
    found = get_close_matches(word.lstrip("-").lower(), by_letters, n=1)
    return by_letters[found[0]] if found else None


_LOCAL_PATHS = tyro.constructors.ConstructorRegistry()


@_LOCAL_PATHS.primitive_rule
def _local_path_rule(info: tyro.constructors.PrimitiveTypeInfo) -> tyro.constructors.PrimitiveConstructorSpec | None:
    """Paths of commands are those of files on this machine, and say so where they are addresses."""
    if info.type is not Path:
        return None
    return tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="PATH",
        instance_from_str=lambda words: local_path(words[0]),
        is_instance=lambda value: isinstance(value, Path),
        str_from_instance=lambda path: [str(path)],
    )
