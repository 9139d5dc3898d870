"""Text and numbers as coverage masks, in the one font that Pillow brings.

No font of the machine is used, so the same pixels come out everywhere. Numbers do not change their length from one
picture to the next.
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ...errors import printable
from ...numerals import number_text

# Pillow's font has ASCII and little more.
_STAND_INS = str.maketrans(
    {"\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x"}
    | {"\N{RIGHTWARDS ARROW}": ">", "\N{GREEK SMALL LETTER MU}": "u", "\N{MICRO SIGN}": "u", "\t": " ", "\n": " "}
    | {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
)
# No picture is wide enough for more, and a name in a file may be of any length.
_MAX_CHARACTERS = 300
_ELLIPSIS = "…"
# Letters are drawn this much larger and then scaled down: at their own size they would stand on whole pixels, which
# spaces small ones unevenly.
_OVERSAMPLING = 4
# Size of letters that are only compared.
_SAMPLE_SIZE = 16


def writable(text: str) -> str:
    """The text in characters that the font has: accents are left out, "?" stands for what cannot be written."""
    plain = unicodedata.normalize("NFKD", text[:_MAX_CHARACTERS].translate(_STAND_INS))
    letters = (character for character in plain if not unicodedata.combining(character))
    return "".join(character if _has(character) else "?" for character in printable("".join(letters)))


def fitted(text: str, size: int, width: float) -> str:
    """The text as far as it can be written within `width` [px], with an ellipsis where it is cut."""
    text = writable(text)
    if text_width(text, size) <= width:
        return text
    cuts = [text[:length].rstrip() + _ELLIPSIS for length in range(1, len(text))]
    longest = bisect_right(cuts, width, key=lambda cut: text_width(cut, size))
    return cuts[longest - 1] if longest else ""


@lru_cache(maxsize=4096)
def text_width(text: str, size: int) -> int:
    """Width of a line of writable text [px]."""
    return math.ceil(_font(size * _OVERSAMPLING).getlength(text) / _OVERSAMPLING)


def number_width(text: str, size: int) -> int:
    """Width of a line of `number_mask` [px]."""
    return sum(text_width(character, size) for character in text)


@lru_cache(maxsize=1024)
def text_mask(text: str, size: int) -> np.ndarray:
    """Coverage (H, W) uint8 of a line of writable text, read-only. The middle of its capitals is at H / 2."""
    return _mask(text, size)


def number_mask(text: str, size: int) -> np.ndarray:
    """Like `text_mask` for what changes with every picture: quick, and every digit has the same width."""
    return np.concatenate([_glyph(character, size) for character in text], axis=1)


def widest_text(values: np.ndarray, form: str) -> str:
    """The longest text that one of the values has."""
    finite = values[np.isfinite(values)]
    candidates = [finite.min(), finite.max()] if finite.size else []
    if finite.size < values.size:
        candidates += values[~np.isfinite(values)][:1].tolist()
    return max((number_text(float(value), form) for value in candidates), key=len, default="")


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """At most `most` round values between low and high, with their text; none where there is no such value."""
    if not low < high or most < 1:
        return []
    step = _round_step((high - low) / (most + 1))
    while math.floor(high / step) - math.ceil(low / step) + 1 > most:
        step = _round_step(step * 1.5)
    values = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
    form = _tick_format(step, max(abs(low), abs(high)))
    return [(value, number_text(value, form)) for value in values]


@lru_cache(maxsize=1024)
def _glyph(character: str, size: int) -> np.ndarray:
    return _mask(character, size)


def _mask(text: str, size: int) -> np.ndarray:
    font = _font(size * _OVERSAMPLING)
    above, below = font.getmetrics()
    capital = -font.getbbox("H", anchor="ls")[1]
    half = math.ceil((max(above - capital / 2, below + capital / 2) + 1) / _OVERSAMPLING)
    image = Image.new("L", (max(text_width(text, size), 1) * _OVERSAMPLING, 2 * half * _OVERSAMPLING))
    baseline = half * _OVERSAMPLING + capital / 2
    ImageDraw.Draw(image).text((0, baseline), text, fill=255, font=font, anchor="ls")
    mask = np.array(image.reduce(_OVERSAMPLING))
    mask.setflags(write=False)
    return mask


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    # The other layout engine is not in every build of Pillow, and spaces letters in its own way.
    return font.font_variant(layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def _has(character: str) -> bool:
    """Whether the font has a character: what it lacks is drawn as the same empty box as any other."""
    box = _mask("\U0010ffff", _SAMPLE_SIZE)
    mask = _mask(character, _SAMPLE_SIZE)
    return mask.shape != box.shape or bool(np.any(mask != box))


def _tick_format(step: float, largest: float) -> str:
    """As many digits as tell neighbouring ticks apart."""
    power = math.floor(math.log10(step) + 1e-9)
    if power >= -5 and largest < 1e6:
        return f".{max(0, -power)}f"
    return f".{max(math.floor(math.log10(largest)) - power, 0)}e"


def _round_step(least: float) -> float:
    """The shortest of 1, 2, 5, 10, ... times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
