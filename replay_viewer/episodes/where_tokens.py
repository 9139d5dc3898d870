"""The words of a condition on episodes, and what is said where one of them is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import BadArgument, printable

# A condition is typed by hand; a longer one is none.
MAX_LENGTH = 10_000
KEYWORDS = ("and", "or", "not", "in", "true", "false", "null")
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign>==|!=|<=|>=|[<>()\[\],.+-])""",
    re.VERBOSE | re.DOTALL,
)
# What others write for the same.
_MEANT = {
    "=": "==",
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "<>": "!=",
    "True": "true",
    "False": "false",
    "None": "null",
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "IN": "in",
}
# What a table calls the values of a record, and other places.
_HEADINGS = {
    "env": "env_id",
    "episode": "episode_in_env",
    "steps": "episode_length",
    "length": "episode_length",
    "return": "total_reward",
    "reward": "total_reward",
    "job": "job_name",
}
# Characters of a condition that an error shows on either side of its column.
_SHOWN = 30


class BadCondition(BadArgument):
    """A condition that cannot be understood.

    Attributes:
        column: where, from 1 on.
    """

    def __init__(self, condition: str, position: int, problem: str) -> None:
        self.column = position + 1
        before, after = condition[max(0, position - _SHOWN) : position], condition[position : position + _SHOWN]
        begin, end = "... " if position > _SHOWN else "", " ..." if position + _SHOWN < len(condition) else ""
        shown = printable(f"{begin}{before}>>>{after}{end}")
        super().__init__("--where", f"column {self.column}", f"{problem} It stands behind the arrows: {shown}")


@dataclass(frozen=True)
class Token:
    """A word of a condition.

    Attributes:
        kind: "number", "word", "keyword", "text", "sign", or "end" behind the last one.
        text: as it is written; of a text, what it says.
        position: where it begins.
    """

    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        """How it is called in an error."""
        return "the end" if self.kind == "end" else repr(self.text)


def tokens_of(condition: str) -> list[Token]:
    """The words of a condition, and its end. Raises BadCondition for what is no word."""
    if len(condition) > MAX_LENGTH:
        raise BadCondition(condition, MAX_LENGTH, f"a condition has at most {MAX_LENGTH} characters.")
    found: list[Token] = []
    position = 0
    while position < len(condition):
        match = _TOKEN.match(condition, position)
        if match is None or match.group() in _MEANT or condition.startswith("<>", position):
            raise _no_word(condition, position)
        kind, text = str(match.lastgroup), match.group()
        if kind == "text":
            text = re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
        elif text in KEYWORDS:
            kind = "keyword"
        if kind != "space":
            found.append(Token(kind, text, position))
        position = match.end()
    return [*found, Token("end", "", len(condition))]


def suggestion(word: str, known: Iterable[str]) -> str:
    """What was probably meant, as a sentence; "" where nothing is like it."""
    by_letters = {name.lower(): name for name in known}
    # A value may be meant by its heading in a table, or, within a group, by its name there.
    by_other = {name.rpartition(".")[2]: real for name, real in by_letters.items()}
    by_other.update((heading, name) for heading, name in _HEADINGS.items() if name in by_letters)
    found = [by_other[word.lower()]] if word.lower() in by_other else []
    for names, count in ((by_letters, 2), (by_other, 1)):
        found = found or [names[name] for name in get_close_matches(word.lower(), names, n=count, cutoff=0.65)]
    return f" Did you mean {' or '.join(found)}?" if found else ""


def _no_word(condition: str, position: int) -> BadCondition:
    if condition[position] in "'\"":
        return BadCondition(condition, position, "this text has no closing quote.")
    match = re.compile(r"[A-Za-z]+|&&|\|\||<>").match(condition, position)
    written = match.group() if match else condition[position]
    meant = _MEANT.get(written)
    if meant is None:
        return BadCondition(condition, position, f"{written!r} means nothing here.")
    return BadCondition(condition, position, f"{written!r} means nothing here. Did you mean {meant}?")
