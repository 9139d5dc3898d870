"""Which way is up in a robot's meshes: said by files that are often wrong, and seen where the links meet.

Nearly every robot's links touch in its zero pose, and move apart where their meshes are turned that should not be, or
are not that should.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import numpy as np
import trimesh

from ..rollout.rollout import Status, Verdict
from .mesh_files.reading import YUp
from .stance import PlacedMesh, Stance, size_of
from .tree import Tree
from .triangles import areas

MeshUp = Literal["y", "z"]

# From Y up to Z up: what looked along z then looks along -y.
TURN = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]])

_TOPIC = "mesh axes"
# Points of each link's surface that are compared.
_POINTS = 200
# Evidence is clear where the gaps shrink to less than this share, and by more than this part of the robot's size.
_CLEAR_SHARE, _CLEAR_PART = 0.7, 0.01
# To turn what says nothing, or what was written as given, takes more.
_CLEAR_SHARE_UNSAID = 0.35


def choose_turned(
    meshes: Sequence[PlacedMesh], stance: Stance, stated: MeshUp | None = None
) -> tuple[frozenset[YUp], list[Verdict]]:
    """The kinds of meshes that are turned from Y up to Z up, and a verdict on each kind that is worth one.

    Args:
        meshes: all that are drawn of a robot.
        stance: its links.
        stated: what the user says is up.
    """
    counts = Counter(kind for kind, _ in {(mesh.y_up, mesh.path): None for mesh in meshes} if kind is not None)
    if not counts:
        return frozenset(), []
    if stated is not None:
        turned = frozenset(counts if stated == "y" else ())
        told = [_verdict(stance.name, kind, counts[kind], kind in turned, "as you say", "stated") for kind in counts]
        return turned, told
    usual = frozenset(kind for kind in counts if kind.is_turned)
    gaps = _gaps_by_choice(meshes, list(counts), stance.tree)
    size = size_of(meshes)
    turned = _best_choice(gaps, usual, size)
    verdicts = []
    for kind, count in counts.items():
        other = gaps[turned ^ {kind}]
        is_found = _is_clear(gaps[turned], other, size)
        if kind in turned or kind.is_told:
            reason = _evidence(gaps[turned], other) if is_found else _custom(kind)
            override = f"; --mesh-up {'z' if kind in turned else 'y'} overrides it"
            status = "found" if is_found else "assumed"
            verdicts.append(_verdict(stance.name, kind, count, kind in turned, reason + override, status))
    return turned, verdicts


def _best_choice(gaps: Mapping[frozenset[YUp], float], usual: frozenset[YUp], size: float) -> frozenset[YUp]:
    """The choice with the smallest gaps, in which what makes no clear difference is as usual."""
    best = min(gaps, key=gaps.__getitem__)
    for kind in best ^ usual:
        share = _CLEAR_SHARE if kind.is_told else _CLEAR_SHARE_UNSAID
        if not _is_clear(gaps[best], gaps[best ^ {kind}], size, share):
            best = best ^ {kind}
    return best


def _verdict(name: str, kind: YUp, count: int, is_turned: bool, reason: str, status: Status) -> Verdict:
    meshes = f"{count} mesh{'es' if count > 1 else ''} of {kind.what}"
    done = "turned from Y up to Z up" if is_turned else "drawn as written, not turned to Z up"
    return Verdict(_TOPIC, f"'{name}': {meshes} {'are' if count > 1 else 'is'} {done}", reason, status)


def _evidence(gaps: float, other: float) -> str:
    return f"the links meet so: the gaps between them are {gaps:.2g} m in all, and {other:.2g} m otherwise"


def _custom(kind: YUp) -> str:
    custom = "in glTF Y is up by its specification" if kind.is_turned else "RViz does so"
    return f"{custom}, and whether links meet does not tell"


def _is_clear(gaps: float, other: float, size: float, share: float = _CLEAR_SHARE) -> bool:
    """Whether gaps [m] are so much smaller than others that it is no accident."""
    return gaps < share * other and other - gaps > _CLEAR_PART * size


def _gaps_by_choice(meshes: Sequence[PlacedMesh], kinds: Sequence[YUp], tree: Tree) -> dict[frozenset[YUp], float]:
    """The sum of the gaps between links [m] for each choice of the kinds that are turned."""
    by_link: dict[int, list[PlacedMesh]] = {}
    for mesh in meshes:
        by_link.setdefault(mesh.link, []).append(mesh)
    pairs = [(link, above) for link in by_link for above in [_drawn_above(link, by_link, tree)] if above is not None]
    sampled = cache(_surface)  # Of a mesh that is on several links, and turned or not, once.
    points = {
        (id(mesh), turn): _placed(mesh, turn, sampled(mesh.mesh, max(_POINTS // len(of_link), 20)))
        for of_link in by_link.values()
        for mesh in of_link
        for turn in ((False, True) if mesh.y_up else (False,))
    }
    gaps = {}
    for flags in itertools.product((False, True), repeat=len(kinds)):
        turned = frozenset(kind for kind, flag in zip(kinds, flags, strict=True) if flag)
        clouds = {
            link: np.concatenate([points[id(mesh), mesh.y_up in turned] for mesh in of_link])
            for link, of_link in by_link.items()
        }
        gaps[turned] = float(sum(_gap(clouds[link], clouds[above]) for link, above in pairs))
    return gaps


def _drawn_above(link: int, drawn: Mapping[int, object], tree: Tree) -> int | None:
    """The nearest link above one that something is drawn on."""
    while link > 0:
        link = tree.joints[link - 1].parent
        if link in drawn:
            return link
    return None


def _gap(some: np.ndarray, others: np.ndarray) -> float:
    """The least distance between points (n, 3) and (m, 3)."""
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * some @ others.T
    return float(np.sqrt(max(squares.min(), 0.0)))


def _placed(mesh: PlacedMesh, is_turned: bool, points: np.ndarray) -> np.ndarray:
    """Points (n, 3) of a mesh in the world [m]."""
    return trimesh.transform_points(points, mesh.outer @ (TURN if is_turned else np.eye(4)) @ mesh.inner)


def _surface(mesh: trimesh.Trimesh, count: int) -> np.ndarray:
    """Points (count, 3) spread over a mesh, in its own units."""
    corners = mesh.vertices[mesh.faces]
    sums = np.cumsum(areas(corners))
    which = np.searchsorted(sums, (np.arange(count) + 0.5) / count * sums[-1]).clip(0, len(sums) - 1)
    weights = np.random.default_rng(0).dirichlet((1.0, 1.0, 1.0), count)
    return np.einsum("nk,nkd->nd", weights, corners[which])
