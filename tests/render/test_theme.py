"""Colours: what the page's CSS variables are, and that letters can be read on them."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pytest

from replay_viewer.render.raster.kernels.fragments import HEADLIGHT
from replay_viewer.robot.materials import to_linear
from replay_viewer.rollout.outcomes import Outcome
from replay_viewer.theme import (
    DARK,
    LIGHT,
    LIGHTS,
    OUTCOME_COLORS,
    OUTCOME_SHADES,
    css_variables,
    rgb_bytes,
    rgb_of,
    term_color,
)


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


# What remains of linear RGB to who lacks a kind of cone: G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.0.
_LACKING = {
    "none": np.eye(3),
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def oklab(linear: np.ndarray) -> np.ndarray:
    """B. Ottosson, "A perceptual color space for image processing", 2020; differences of 0.02 are just seen."""
    cones = np.clip(linear, 0, 1) @ np.transpose(
        [[0.412221, 0.536333, 0.051446], [0.211903, 0.6807, 0.107397], [0.088302, 0.281719, 0.629979]]
    )
    return np.cbrt(cones) @ np.transpose(
        [[0.210454, 0.793618, -0.004072], [1.977998, -2.428592, 0.450594], [0.025904, 0.782772, -0.808676]]
    )


@pytest.mark.parametrize("lacking", _LACKING)
def test_twenty_terms_are_told_apart_also_by_the_colour_blind(lacking: str) -> None:
    linear = to_linear(np.array([rgb_of(term_color(index)) for index in range(20)]))
    seen = oklab(linear @ np.transpose(_LACKING[lacking]))
    apart = np.linalg.norm(seen[:, None] - seen, axis=2) + np.eye(20)
    assert apart.min() > 0.06


def test_films_have_the_light_of_the_page() -> None:
    assert np.float32(LIGHTS.head) == HEADLIGHT
