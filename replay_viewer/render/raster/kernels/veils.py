"""Veils: what translucent things put before the samples of a picture.

Of each translucent thing a sample sees the nearest surface alone, so that a robot that is a ghost shows no insides: it
is covered by itself into a layer, like what is opaque. What of a layer is not hidden is kept as a list at each sample,
the nearest first (L. Carpenter, "The A-buffer, an antialiased hidden surface method", 1984).
"""

from __future__ import annotations

from typing import NamedTuple

from .arguments import Ints1, Ints3, Longs1, Longs3
from .compiled import compiled, inner

# A veil is seen where its inverse depth is so many steps of float32 beyond that of what is opaque, 0.1 mm at 2 m: two
# robots that stand in one place do not flicker.
_NEARER = 512


class VeilTable(NamedTuple):
    """The veils of a picture.

    Attributes:
        num_layers: how many there can be before a sample.
        hung: 1, or 0 where there are none at all.
        first: (H, W, 4) int32, the nearest of each sample, -1 for none. Where there are none at all, it is (1, 1, 4).
        keys: (M,) int64, inverse depth and triangle, as in `coverage`.
        behind: (M,) int32, the next one of the same sample, -1 for none.
    """

    num_layers: int
    hung: int
    first: Ints3
    keys: Longs1
    behind: Ints1


@compiled
def forget(first: Ints3, left: int, top: int, right: int, bottom: int) -> None:
    """Take all veils from a rectangle of the picture."""
    for y in range(top, bottom):
        for x in range(left, right):
            for s in range(4):
                first[y, x, s] = -1


@compiled
def count_seen(layer: Longs3, samples: Longs3, left: int, top: int, right: int, bottom: int) -> int:
    """At how many samples of a rectangle a layer is before what is opaque."""
    count = 0
    for y in range(top, bottom):
        for x in range(left, right):
            for s in range(4):
                count += _is_seen(layer[y, x, s], samples[y, x, s])
    return count


@compiled
def hang(
    layer: Longs3, samples: Longs3, left: int, top: int, right: int, bottom: int, count: int,
    first: Ints3, keys: Longs1, behind: Ints1,
) -> int:  # fmt: skip
    """Add what is seen of a layer to the veils, of which there are `count`: how many there are then."""
    for y in range(top, bottom):
        for x in range(left, right):
            for s in range(4):
                key = layer[y, x, s]
                if not _is_seen(key, samples[y, x, s]):
                    continue
                before, after = -1, first[y, x, s]
                while after >= 0 and keys[after] > key:
                    before, after = after, behind[after]
                keys[count], behind[count] = key, after
                if before < 0:
                    first[y, x, s] = count
                else:
                    behind[before] = count
                count += 1
    return count


@inner
def _is_seen(key, opaque):
    """Whether a surface is there, and before what is opaque."""
    return (key != 0) & (key >> 32 > (opaque >> 32) + _NEARER)
