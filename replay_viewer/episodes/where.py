"""Conditions on episodes, such as `success == false and episode_length < 100`, wherever episodes are chosen.

    condition: all ("or" all)*
    all:       one ("and" one)*
    one:       "not" one | "(" condition ")" | value | value COMPARISON value | value ["not"] "in" (value | list)
    value:     NAME | number | "text" | 'text' | true | false | null
    list:      "(" literal ("," literal)* ")", also with [ ]

A name is one of a record's, or of a group of it, such as rewards.tracking, variations.friction or
progress."reached goal". The words terminated, truncated, aborted, unfinished, success and failure stand for how an
episode ended. What is not known is null: it equals null alone, is neither less nor greater than anything, and a name
alone is not true by it. Nothing of a condition is ever executed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from operator import attrgetter
from typing import Any, Literal

from ..episode_record import GROUPS, NAMES, EpisodeRecord
from ..rollout.outcomes import OUTCOMES
from .where_tokens import COMPARISONS, KEYWORDS, BadCondition, Token, suggestion, tokens_of

# How deep conditions may lie in each other.
MAX_DEPTH = 50
# Words for how an episode ended, and what they are short for.
SHORT_FORMS: Mapping[str, str] = {
    **{outcome: f'outcome == "{outcome}"' for outcome in OUTCOMES},
    "failure": "success == false",
}

Kind = Literal["number", "text", "truth", "null", "unknown"]
Test = Callable[[EpisodeRecord], bool]

_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(NAMES, "number"),
    **dict.fromkeys(SHORT_FORMS, "truth"),
    **dict.fromkeys(("outcome", "reason", "recording", "run", "job_name", "task", "policy", "checkpoint"), "text"),
    **dict.fromkeys(("language_instruction", "timestamp"), "text"),
    **dict.fromkeys(("success", "manual"), "truth"),
}
_OPERATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_CALLED = {"number": "a number", "text": "a text", "truth": "true or false", "null": "null"}


@dataclass(frozen=True)
class Name:
    """A name in a condition.

    Attributes:
        parts: what the dots separate.
        position: where it begins.
    """

    parts: tuple[str, ...]
    position: int

    @property
    def text(self) -> str:
        return ".".join(self.parts)


class Where:
    """A condition on episodes.

    Attributes:
        text: as it was written.
        names: those that it asks for.

    Raises:
        BadCondition: it cannot be understood.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parser = _Parser(text)
        self._test = parser.parse()
        self.names: tuple[Name, ...] = tuple(parser.names)

    def matches(self, record: EpisodeRecord) -> bool:
        """Whether it holds for an episode."""
        return self._test(record)

    def needs(self, *names: str) -> bool:
        """Whether it asks for one of these names, or within one of these groups."""
        return any(name.parts[0] in names for name in self.names)

    def check_names(self, known: Iterable[str]) -> None:
        """Raises BadCondition for a name that is neither a record's nor among these, as `names_of` gives them."""
        known = {*NAMES, *SHORT_FORMS, *known} - {*GROUPS}
        for name in self.names:
            if name.text not in known:
                fix = suggestion(name.text, known) or " A text stands in quotes."
                problem = f"no episode here has {name.text!r}.{fix}"
                raise BadCondition(self.text, name.position, problem)


def names_of(records: Iterable[EpisodeRecord]) -> set[str]:
    """The names by which conditions may ask for what these episodes have beside the names of every record."""
    found: set[str] = set()
    before: dict[str, Mapping[str, Any]] = {group: {} for group in GROUPS}
    for record in records:
        for group in GROUPS:
            values = getattr(record, group)
            # Nearly every record has the names of the one before it.
            if values and (
                values.keys() != before[group].keys()
                or (group != "rewards" and not _PLAIN.issuperset(map(type, values.values())))
            ):
                before[group] = values
                found.update(_names_in(group, values))
        for name, value in record.more.items():
            found.add(name)
            found.update(_names_in(name, value))
    return found


# What has no names in it.
_PLAIN = frozenset((type(None), bool, int, float, str, list))


def value_of(record: EpisodeRecord, parts: tuple[str, ...]) -> Any:
    """What a record has by a name; None where it has nothing.

    Names within a group may have dots themselves: of several readings, the one with the longest name counts.
    """
    first, rest = parts[0], parts[1:]
    value = getattr(record, first) if first in NAMES else record.more.get(first)
    while rest:
        if not isinstance(value, Mapping):
            return None
        count = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in value), 0)
        if not count:
            return None
        value, rest = value[".".join(rest[:count])], rest[count:]
    return value


def getter_of(parts: tuple[str, ...]) -> Callable[[EpisodeRecord], Any]:
    """What gives the same of any record; most names are found directly, since many records are asked."""
    if len(parts) == 2 and parts[0] in GROUPS:
        group, name = parts
        return lambda record: getattr(record, group).get(name)
    return attrgetter(parts[0]) if len(parts) == 1 and parts[0] in NAMES else partial(_value_by, parts)


def _value_by(parts: tuple[str, ...], record: EpisodeRecord) -> Any:
    return value_of(record, parts)


def _names_in(prefix: str, value: Any, depth: int = 3) -> Iterator[str]:
    if isinstance(value, Mapping) and depth:
        for name, inner in value.items():
            yield f"{prefix}.{name}"
            yield from _names_in(f"{prefix}.{name}", inner, depth - 1)


# -- how a condition is read ---------------------------------------------------


@dataclass(frozen=True)
class _Operand:
    """A value in a condition.

    Attributes:
        kind: of the value.
        of: gives it.
        token: where it begins.
        name: what it is called, where it has a name.
    """

    kind: Kind
    of: Callable[[EpisodeRecord], Any]
    token: Token
    name: str = ""

    @property
    def shown(self) -> str:
        return f"{self.name or self.token.shown} is {_CALLED[self.kind]}"


class _Parser:
    """Reads one condition, word by word.

    Attributes:
        names: that it asks for.
    """

    def __init__(self, text: str) -> None:
        self.names: list[Name] = []
        self._text, self._tokens, self._next, self._depth = text, tokens_of(text), 0, 0

    def parse(self) -> Test:
        test = self._any()
        if self._token.kind != "end":
            raise self._unexpected("and, or, or the end")
        return test

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        """The next word, if it is a sign or a keyword among these."""
        token = self._token
        if token.kind not in ("sign", "keyword") or token.text not in texts:
            return None
        self._next += 1
        return token

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        return reduce(_either, tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return reduce(_both, tests)

    def _one(self) -> Test:
        if token := self._take("not"):
            self._enter(token)
            test = self._one()
            self._depth -= 1
            return lambda record: not test(record)
        if token := self._take("("):
            self._enter(token)
            test = self._any()
            self._depth -= 1
            self._expect(")")
            return test
        return self._comparison()

    def _enter(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(token, f"conditions lie in each other at most {MAX_DEPTH} deep.")

    def _comparison(self) -> Test:
        left = self._operand()
        if token := self._take(*COMPARISONS):
            right = self._operand()
            self._check_pair(token, left, right)
            if after := self._take(*COMPARISONS):
                raise self._wrong(after, "one comparison at a time: write a < b and b < c.")
            return _compared(token.text, left.of, right.of)
        is_negated = self._take("not") is not None
        if self._take("in"):
            test = self._membership(left)
            return (lambda record: not test(record)) if is_negated else test
        if is_negated:
            raise self._unexpected("in")
        if left.kind not in ("truth", "unknown"):
            raise self._wrong(left.token, f"{left.shown}, and has to be compared, such as with ==.")
        return lambda record: left.of(record) is True

    def _membership(self, left: _Operand) -> Test:
        """What comes behind "in"."""
        if opening := self._take("(", "["):
            values = self._list(left, ")" if opening.text == "(" else "]")
            return lambda record: _is_among(left.of(record), values)
        right = self._operand()
        if right.kind not in ("text", "unknown"):
            raise self._wrong(right.token, f"{right.shown}; expected a list, such as (1, 2), or a text after in.")
        if right.kind == "text" and left.kind not in ("text", "unknown"):
            raise self._wrong(left.token, f"{left.shown}, and only a text is in a text.")
        return lambda record: _is_in(left.of(record), right.of(record))

    def _list(self, left: _Operand, closing: str) -> list[Any]:
        values: list[Any] = []
        while True:
            literal = self._literal()
            if literal is None:
                raise self._unexpected("a number or a text")
            operand, value = literal
            self._check_pair(Token("sign", "==", operand.token.position), left, operand)
            values.append(value)
            if not self._take(","):
                break
        self._expect(closing)
        return values

    def _operand(self) -> _Operand:
        literal = self._literal()
        if literal is not None:
            return literal[0]
        if self._token.kind == "word":
            return self._name()
        raise self._unexpected("a name, a number or a text")

    def _literal(self) -> tuple[_Operand, Any] | None:
        token = self._token
        if token.kind == "sign" and token.text in ("-", "+"):
            if self._tokens[self._next + 1].kind != "number":
                raise self._wrong(token, "a sign stands in front of a number.")
            self._next += 1
            value = _number(self._token.text)
            value = -value if token.text == "-" else value
            kind: Kind = "number"
        elif token.kind == "number":
            value, kind = _number(token.text), "number"
        elif token.kind == "text":
            value, kind = token.text, "text"
        elif token.kind == "keyword" and token.text in _CONSTANTS:
            value = _CONSTANTS[token.text]
            kind = "null" if value is None else "truth"
        else:
            return None
        self._next += 1
        return _Operand(kind, lambda record: value, token), value

    def _name(self) -> _Operand:
        first, parts = self._token, [self._token.text]
        self._next += 1
        while self._take("."):
            token = self._token
            # A keyword is a name like any other behind a dot.
            if token.kind not in ("word", "keyword", "text"):
                raise self._unexpected("a name after the dot")
            parts.append(token.text)
            self._next += 1
        name = Name(tuple(parts), first.position)
        self._check_name(name, first)
        if name.text in SHORT_FORMS:
            return _Operand("truth", _SHORT_TESTS[name.text], first, name.text)
        self.names.append(name)
        kind = "unknown" if len(parts) > 1 else _KINDS.get(parts[0], "unknown")
        return _Operand(kind, getter_of(name.parts), first, name.text)

    def _check_name(self, name: Name, token: Token) -> None:
        first = name.parts[0]
        if first in GROUPS and len(name.parts) == 1:
            raise self._wrong(token, f"{first} holds several values: name one, such as {first}.NAME.")
        if (first in NAMES or first in SHORT_FORMS) and first not in GROUPS and len(name.parts) > 1:
            raise self._wrong(token, f"{first} holds one value, not several.")

    def _check_pair(self, comparison: Token, left: _Operand, right: _Operand) -> None:
        """Raises BadCondition for values that are never alike, or have no order."""
        kinds = {left.kind, right.kind} - {"unknown"}
        if comparison.text in _OPERATIONS and kinds & {"truth", "null"}:
            operand = left if left.kind in ("truth", "null") else right
            raise self._wrong(comparison, f"{operand.shown}, which has no order: use == or !=.")
        if len(kinds - {"null"}) > 1:
            hint = " A text stands in quotes." if "text" in kinds and "truth" in kinds else ""
            raise self._wrong(right.token, f"{left.shown}, and {right.shown}: they are never equal.{hint}")

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(sign)

    def _unexpected(self, expected: str) -> BadCondition:
        token = self._token
        meant = suggestion(token.text, KEYWORDS) if token.kind == "word" else ""
        return self._wrong(token, f"expected {expected}, found {token.shown}.{meant}")

    def _wrong(self, token: Token, problem: str) -> BadCondition:
        return BadCondition(self._text, token.position, problem)


# -- what a condition means ------------------------------------------------------


def _number(text: str) -> int | float:
    return int(text) if text.isdigit() and len(text) < 100 else float(text)


def _either(first: Test, second: Test) -> Test:
    return lambda record: first(record) or second(record)


def _both(first: Test, second: Test) -> Test:
    return lambda record: first(record) and second(record)


def _compared(sign: str, left: Callable[[EpisodeRecord], Any], right: Callable[[EpisodeRecord], Any]) -> Test:
    if sign == "==":
        return lambda record: _is_equal(left(record), right(record))
    if sign == "!=":
        return lambda record: not _is_equal(left(record), right(record))
    operation = _OPERATIONS[sign]
    return lambda record: _is_ordered(operation, left(record), right(record))


def _is_ordered(operation: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Numbers and texts have an order; nothing else has, nor have a number and a text."""
    kind = _kind(left)
    return kind in ("number", "text") and kind == _kind(right) and operation(left, right)


def _is_equal(left: Any, right: Any) -> bool:
    return _kind(left) == _kind(right) and left == right


def _is_among(value: Any, values: Iterable[Any]) -> bool:
    return any(_is_equal(value, other) for other in values)


def _is_in(value: Any, whole: Any) -> bool:
    if isinstance(whole, str):
        return isinstance(value, str) and value in whole
    return isinstance(whole, (list, tuple)) and _is_among(value, whole)


def _kind(value: Any) -> str:
    known = _KIND_OF.get(type(value))
    if known is not None:  # Nearly always; many records are asked.
        return known
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "other"


_KIND_OF: Mapping[type, str] = {
    type(None): "null",
    bool: "truth",
    int: "number",
    float: "number",
    str: "text",
    list: "other",
    dict: "other",
}
_SHORT_TESTS: Mapping[str, Test] = {word: Where(condition).matches for word, condition in SHORT_FORMS.items()}
