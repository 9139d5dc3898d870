"""Which of some numbers are meant: `0:5,7` on the command line; ints, slices and ranges in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import BadArgument, UnknownName

NumberChoice = str | int | slice | range | Iterable[int | slice | range]

_EXPECTED = "expected numbers and ranges such as 0:5,7 (0, 1, 2, 3, 4 and 7)."


def picked(option: str, choice: NumberChoice, count: int, plural: str) -> list[int]:
    """Those of the numbers 0 to count - 1 that are chosen, in the order of the choice, each once.

    Negative numbers count from the end. A range is cut to the numbers there are, as Python does; a single number must
    be there.

    Args:
        option: what the choice was given to, for messages.
        choice: for example "0:5,7", 3, range(5) or [slice(0, 5), 7].
        count: how many numbers there are.
        plural: what they count, for messages.

    Raises:
        BadArgument: the choice is none, or names a number that is not there.
    """
    found: dict[int, None] = {}
    for part in _parts(option, choice):
        if isinstance(part, slice):
            found.update(dict.fromkeys(range(count)[part]))
        elif -count <= part < count:
            found[part % count] = None
        else:
            raise BadArgument(option, part, f"there are {plural} 0 to {count - 1}.")
    return list(found)


def picked_ids(option: str, choice: NumberChoice, ids: Sequence[int], kind: str) -> list[int]:
    """Positions in `ids` of those that are chosen, in the order of the choice, each once.

    "all" means all of them, a range those within it; a single id must be there. Raises BadArgument as `picked` does,
    and UnknownName for an id that is not there.
    """
    if choice == "all":
        return list(range(len(ids)))
    found: dict[int, None] = {}
    for part in _parts(option, choice):
        if isinstance(part, slice):
            within = range(max(ids) + 1)[part]
            found.update({position: None for position, number in enumerate(ids) if number in within})
        elif part in ids:
            found[ids.index(part)] = None
        else:
            raise UnknownName(kind, part, ids)
    return list(found)


def picked_span(option: str, choice: str | slice | range, count: int, plural: str) -> range:
    """A run of the numbers 0 to count - 1, for example "10:50" or range(10, 50), cut to those there are.

    Raises BadArgument where it is no range, or nothing is left of it.
    """
    parts = _parts(option, choice)
    if len(parts) != 1 or not isinstance(parts[0], slice):
        raise BadArgument(option, choice, "expected one range such as 100:250.")
    numbers = range(count)[parts[0]]
    if not numbers:
        raise BadArgument(option, choice, f"there are {plural} 0 to {count - 1}.")
    return numbers


def _parts(option: str, choice: NumberChoice) -> list[int | slice]:
    """The choice as numbers and slices without a stride."""
    if isinstance(choice, str):
        return [_parsed(option, choice, part.strip()) for part in choice.split(",")]
    if isinstance(choice, int | slice | range):
        return [_plain(option, choice)]
    return [_plain(option, part) for part in choice]


def _parsed(option: str, choice: str, part: str) -> int | slice:
    """A part of a written choice: "7", "2:5", "2:", ":5" or ":"."""
    try:
        numbers = [int(number) if number else None for number in part.split(":")]
    except ValueError:
        raise BadArgument(option, choice, _EXPECTED) from None
    if len(numbers) == 2:
        return slice(*numbers)
    if len(numbers) > 2 or numbers[0] is None:
        raise BadArgument(option, choice, _EXPECTED)
    return numbers[0]


def _plain(option: str, part: int | slice | range) -> int | slice:
    if not isinstance(part, slice | range):
        return int(part)
    if part.step not in (None, 1):
        raise BadArgument(option, part, "expected a range without a stride.")
    return slice(part.start, part.stop)
