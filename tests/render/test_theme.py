"""Colours: what the page's CSS variables are, and that letters can be read on them."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pytest

from replay_viewer.robot.materials import to_linear
from replay_viewer.rollout.outcomes import Outcome
from replay_viewer.theme import DARK, LIGHT, OUTCOME_COLORS, OUTCOME_SHADES, css_variables, rgb_bytes, rgb_of


def rules() -> list[dict[str, str]]:
    """The variables of each rule, the one for light ground first."""
    found = re.findall(r"^:root(\S*) \{\n(.*?)^\}\n", css_variables(), flags=re.DOTALL | re.MULTILINE)
    assert [where for where, _ in found] == ["", '[data-rv-look="dark"]']
    return [dict(re.findall(r"^  --rv-([a-z-]+): (#[0-9a-f]{6});$", body, flags=re.MULTILINE)) for _, body in found]


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2.1 has it."""
    return float(to_linear(np.array(rgb_of(color))) @ (0.2126, 0.7152, 0.0722))


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, as WCAG 2.1 has it: 1 to 21."""
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


def test_the_page_has_the_colours_of_videos_on_light_ground() -> None:
    light, _ = rules()
    assert {name: light[name] for name in OUTCOME_COLORS} == OUTCOME_COLORS
    assert rgb_bytes(light["accent"]) == LIGHT.accent


def test_what_depends_on_the_ground_has_a_colour_for_dark_ground_too() -> None:
    light, dark = rules()
    assert set(light) - set(dark) == {"gain", "gain-end", "loss", "loss-end"}
    assert set(dark) <= set(light)
    assert rgb_bytes(dark["accent"]) == DARK.accent


def test_every_outcome_has_a_colour() -> None:
    assert set(get_args(Outcome)) <= set(OUTCOME_SHADES)


@pytest.mark.parametrize("outcome", OUTCOME_SHADES)
def test_white_letters_can_be_read_on_outcomes_and_outcomes_on_the_page(outcome: str) -> None:
    light, dark = rules()
    assert contrast(OUTCOME_COLORS[outcome], "#ffffff") > 4.5
    assert contrast(light[outcome], light["bar"]) > 4.5
    assert contrast(dark[outcome], dark["bar"]) > 4.5
