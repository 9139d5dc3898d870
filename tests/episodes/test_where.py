"""Conditions on episodes: what they mean, against an evaluation of its own, and what is said of wrong ones."""

from __future__ import annotations

import operator
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from replay_viewer.episode_record import EpisodeRecord
from replay_viewer.episodes.where import MAX_DEPTH, Where, names_of
from replay_viewer.episodes.where_tokens import BadCondition

RECORD = EpisodeRecord(
    env_id=3,
    episode_in_env=1,
    outcome="terminated",
    reason="base contact",
    success=False,
    episode_length=50,
    total_reward=1.5,
    rewards={"tracking": 2.0, "feet.air time": -1.0, "lost": None},
    seed=2**70,
    variations={"friction": [0.5, 0.7], "push": {"x": 1.0, "y.z": 2}},
    more={"has_key": True, "in": {"not": 4}},
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("success == false and episode_length < 100", True),
        ("terminated", True),
        ("truncated or aborted or unfinished", False),
        ("failure", True),
        ("success", False),
        ("not success and not not failure", True),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not outcome == 'terminated'", False),
        ("rewards.tracking >= 2", True),
        ("rewards.feet.air == 1", False),
        ("rewards.'feet.air time' == -1", True),
        ('rewards.feet."air time" < 0', True),
        ("rewards.lost == null and rewards.gone == null", True),
        ("rewards.lost < 0 or rewards.lost >= 0", False),
        ("0.7 in variations.friction and 0.6 not in variations.friction", True),
        ("variations.push.x == 1.0 and variations.push.y.z == 2", True),
        ("'contact' in reason", True),
        ("outcome in ('terminated', \"aborted\")", True),
        ("env_id in [1, 2, +3]", True),
        ("env_id not in (3, 4)", False),
        ("1.5e0 == total_reward", True),
        (f"seed == {2**70} and seed != {2**70 + 1}", True),
        ("has_key and more_keys == null", True),
        ("reason == 'base\\' contact' or reason == \"base contact\"", True),
        ("variations.friction == 0.5", False),
        ("language_instruction != 'go'", True),
    ],
)
def test_a_condition_means_what_it_says(condition: str, holds: bool) -> None:
    assert Where(condition).matches(RECORD) is holds


@pytest.mark.parametrize(
    ("condition", "column", "message"),
    [
        ("", 1, "expected a name, a number or a text, found the end"),
        ("success = false", 9, "Did you mean ==?"),
        ("success && failure", 9, "Did you mean and?"),
        ("!success", 1, "Did you mean not?"),
        ("success == False", 12, "Did you mean false?"),
        ("success OR failure", 9, "Did you mean or?"),
        ("env_id <> 3", 8, "Did you mean !=?"),
        ("outcome == terminated", 12, "A text stands in quotes"),
        ("episode_length < '100'", 18, "episode_length is a number, and '100' is a text"),
        ("reason > null", 8, "has no order"),
        ("success >= true", 9, "has no order"),
        ("episode_length", 1, "has to be compared"),
        ("1 < episode_length < 4", 20, "one comparison at a time"),
        ("rewards > 3", 1, "name one, such as rewards.NAME"),
        ("env_id.x == 3", 1, "holds one value"),
        ("rewards. == 3", 10, "expected a name after the dot"),
        ("(terminated", 12, "expected ), found the end"),
        ("terminated)", 11, "expected and, or, or the end"),
        ("env_id in ()", 12, "expected a number or a text"),
        ("env_id in ('a')", 12, "never equal"),
        ("env_id in 3", 11, "expected a list"),
        ("env_id in outcome", 1, "only a text is in a text"),
        ("env_id not 3", 12, "expected in"),
        ("reason == 'fell", 11, "no closing quote"),
        ("env_id == - 'a'", 11, "a sign stands in front of a number"),
        ("env_id == 3 ; import os", 13, "means nothing here"),
        ("__import__('os')", 11, "expected and, or, or the end"),
    ],
)
def test_an_error_points_at_its_column(condition: str, column: int, message: str) -> None:
    with pytest.raises(BadCondition) as wrong:
        Where(condition)
    assert (wrong.value.column, message in str(wrong.value)) == (column, True), str(wrong.value)


def test_names_are_those_of_the_episodes_and_others_are_suggested() -> None:
    known = names_of([RECORD])
    assert {"rewards.feet.air time", "variations.push.y.z", "has_key", "in.not"} <= known
    Where("rewards.tracking > 1 and has_key and variations.friction != null").check_names(known)
    for condition, meant in [
        ("total_rewrd > 3", "total_reward"),
        ("terminatd", "terminated"),
        ("true and rewards.trackin > 3", "rewards.tracking"),
        ("reason == fell", "A text stands in quotes"),
    ]:
        with pytest.raises(BadCondition, match=f"no episode here has .*{meant}"):
            Where(condition).check_names(known)


def test_conditions_in_each_other_have_a_limit_that_comes_before_pythons_own() -> None:
    limit = sys.getrecursionlimit()
    assert Where("(" * MAX_DEPTH + "terminated" + ")" * MAX_DEPTH).matches(RECORD)
    assert Where("not " * MAX_DEPTH + "terminated").matches(RECORD)
    for opening in ("(", "not ", "not ("):
        with pytest.raises(BadCondition, match=f"at most {MAX_DEPTH} deep"):
            Where(opening * limit + "terminated")
    assert Where(" and ".join(["terminated"] * 500)).matches(RECORD)
    with pytest.raises(BadCondition, match="at most 10000 characters"):
        Where("true or " * 2000 + "true")


@given(st.text(alphabet="abin dotre()[]<>=!'\"\\.,0123456789+-e\n\t_&|é\ud800", max_size=60))
@example("1" * 400)
@example("env_id == 1" + "e9" * 9)
def test_no_text_is_more_than_one_clear_error(text: str) -> None:
    try:
        assert Where(text).matches(RECORD) in (True, False)
    except BadCondition as wrong:
        assert 1 <= wrong.column <= len(text) + 1
        assert "\n" not in str(wrong)


# -- against another evaluation --------------------------------------------------

VALUES = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -1.5, "a", "b", "ab", "", True, False, None]))
NAMES = ("rewards.a", "rewards.b", "variations.c", "progress.d")
SIGNS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

# ("name", n), ("value", v), ("compare", sign, left, right), ("in", left, values), ("holds", name), ("not", one), and
# ("and" or "or", all).
names = st.tuples(st.just("name"), st.sampled_from(NAMES))
operands = st.one_of(names, st.tuples(st.just("value"), VALUES))
tests = st.one_of(
    st.tuples(st.just("compare"), st.sampled_from(sorted(SIGNS)), names, operands),
    st.tuples(st.just("in"), names, st.lists(VALUES, min_size=1, max_size=3)),
    st.tuples(st.just("holds"), st.sampled_from(NAMES)),
)
conditions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4)),
    ),
    max_leaves=12,
)


def written(node: Any, level: int = 0) -> str:
    """As somebody writes it, with brackets only where they are needed. level: 1 within "and", 2 within "not"."""
    kind = node[0]
    if kind in ("name", "holds"):
        return node[1]
    if kind == "value":
        return literal(node[1])
    if kind == "compare":
        return f"{written(node[2])}{node[1]} {written(node[3])}"
    if kind == "in":
        return f"{written(node[1])} in ({','.join(map(literal, node[2]))})"
    if kind == "not":
        return f"not {written(node[1], 2)}"
    needs = {"or": 0, "and": 1}[kind] < level
    text = f" {kind} ".join(written(part, 2 if part[0] == kind else {"or": 1, "and": 2}[kind]) for part in node[1])
    return f"({text})" if needs else text


def literal(value: Any) -> str:
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)


def meant(node: Any, found: dict[str, Any]) -> Any:
    """What it means, of rules that are written down here once more."""
    kind = node[0]
    if kind == "name":
        return found.get(node[1])
    if kind == "value":
        return node[1]
    if kind == "holds":
        return found.get(node[1]) is True
    if kind == "not":
        return not meant(node[1], found)
    if kind in ("and", "or"):
        return (all if kind == "and" else any)([meant(part, found) for part in node[1]])
    if kind == "in":
        return any(same(meant(node[1], found), value) for value in node[2])
    sign, left, right = node[1], meant(node[2], found), meant(node[3], found)
    if sign in ("==", "!="):
        return same(left, right) is (sign == "==")
    both = [type_of(left), type_of(right)]
    return both in (["number"] * 2, ["text"] * 2) and SIGNS[sign](left, right)


def type_of(value: Any) -> str:
    return {bool: "truth", int: "number", float: "number", str: "text"}.get(type(value), "null")


def same(left: Any, right: Any) -> bool:
    return type_of(left) == type_of(right) and left == right


def has_no_order(node: Any) -> bool:
    """Whether true, false or null is asked for its order, which is an error."""
    if node[0] == "compare" and node[1] not in ("==", "!="):
        return any(part[0] == "value" and type_of(part[1]) in ("truth", "null") for part in node[2:])
    return any(has_no_order(part) for part in node[1:] if isinstance(part, tuple)) or (
        node[0] in ("and", "or") and any(map(has_no_order, node[1]))
    )


@given(conditions, st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_every_condition_means_what_another_evaluation_says(node: Any, found: dict[str, Any]) -> None:
    groups: dict[str, Any] = {"rewards": {}, "variations": {}, "progress": {}}
    for name, value in found.items():
        group, _, inner = name.partition(".")
        groups[group][inner] = value
    record = replace(EpisodeRecord(0, 0, "terminated"), **groups)
    if has_no_order(node):
        with pytest.raises(BadCondition, match="has no order"):
            Where(written(node))
    else:
        assert Where(written(node)).matches(record) is bool(meant(node, found))
