"""Forward kinematics of many configurations at once, in numpy.

How it is fast, by `tests/benchmarks/bench_kinematics.py`:

- Fixed joints are merged: only links that move are chained, all others hang on the moving link above them.
- A turn by angle a about a unit axis after a constant rotation F, as a quaternion, is cos(a/2) F + sin(a/2) F axis.
  Multiplying it from the right onto the parent's rotation p is linear in p, so one (8, 4) matrix per joint gives both
  halves, for all joints of one depth and all configurations in one matrix product.
- The arm t from a link to the next is R(p) t = t + u x m with m = 2 (w t + u x t) for p = (w, u). m is linear in p
  too: one more matrix product, for all links at once.
- Configurations lie along the last axis, so that every elementwise operation runs over contiguous memory, in chunks
  that stay in the processor's cache.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from ..rotations import from_matrix, multiply, rotate
from .tree import Joint, Tree

# Configurations worked on at once. The padding keeps rows of a chunk from lying a power of two apart, where they would
# fall into the same few sets of the cache: without it, writing the result takes up to twice as long.
CHUNK = 512
_PADDING = 16


@dataclass(frozen=True, eq=False)
class _Level:
    """Moving links which have equally many moving joints above them, n of them.

    Attributes:
        first: the first of them.
        last: the last of them + 1.
        parents: (n,) the moving link (or root) above each.
        turns: (n, 8, 4), from the parent's quaternion to the cosine's and the sine's part of the link's.
    """

    first: int
    last: int
    parents: np.ndarray
    turns: np.ndarray


@dataclass(frozen=True, eq=False)
class _Slides:
    """What the prismatic joints, n of them, add to the arms of their links: direction times value.

    Attributes:
        links: (n,) the link of each.
        moving: (n,) index of each among the moving joints.
        crosses: (n, 3, 4) the m of the module's docstring for its direction.
        directions: (n, 3, 1).
    """

    links: np.ndarray
    moving: np.ndarray
    crosses: np.ndarray
    directions: np.ndarray


@dataclass(frozen=True, eq=False)
class _Plan:
    """Constants of a robot in one precision: L links, of which B are the root or move, with B - 1 moving joints.

    The value of each moving joint is scales * joint_pos[sources] + offsets.

    Attributes:
        num_bodies: B.
        sources: (B - 1,).
        scales: (B - 1, 1).
        offsets: (B - 1, 1).
        turning: (B - 1, 1), 0.5 for a turn and 0 for a slide: quaternions take half of an angle.
        levels: the moving links by depth.
        fixed_turns: (L - B, 4, 4), from the quaternion of the moving link above to that of a fixed one.
        parents: (L,) the moving link above each.
        crosses: (L, 3, 4), from the quaternion above to the m of the module's docstring.
        arms: (L, 3, 1), the t of the module's docstring.
        slides: what the prismatic joints add.
    """

    num_bodies: int
    sources: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray
    turning: np.ndarray
    levels: tuple[_Level, ...]
    fixed_turns: np.ndarray
    parents: np.ndarray
    crosses: np.ndarray
    arms: np.ndarray
    slides: _Slides

    @property
    def num_links(self) -> int:
        return len(self.parents)


class Kinematics:
    """Forward kinematics of one tree, for float32 and float64."""

    def __init__(self, tree: Tree) -> None:
        self.num_joints = len(tree.joint_names)
        self._tree = tree
        # By the type of numbers and whether only bodies are asked for, each made when it is first needed.
        self._plans: dict[tuple[np.dtype, bool], _Plan] = {}

    def forward(
        self,
        joint_pos: np.ndarray,
        base_pos: np.ndarray | None = None,
        base_wxyz: np.ndarray | None = None,
        *,
        bodies_only: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Poses of all links, in the root's frame or, with a base pose, in the world's.

        float32 comes back for float32 and is within 1e-6 m of float64 for robots of a person's size.

        Args:
            joint_pos: (*batch, D) [rad or m].
            base_pos: the root's position, (*batch, 3) [m].
            base_wxyz: the root's rotation, (*batch, 4), unit quaternions.
            bodies_only: leave out the links that are fixed to another; the L links are the root and those that move.

        Returns:
            Positions (*batch, L, 3) [m] and unit quaternions (*batch, L, 4), views of one array (*batch, L, 7).

        Raises:
            ValueError: if the shapes do not fit together.
        """
        if joint_pos.shape[-1:] != (self.num_joints,):
            raise ValueError(f"joint_pos has shape {joint_pos.shape}, expected (..., {self.num_joints}).")
        dtype = np.dtype(np.float32 if joint_pos.dtype in (np.float16, np.float32) else np.float64)
        if (dtype, bodies_only) not in self._plans:
            self._plans[dtype, bodies_only] = _plan(self._tree, dtype, bodies_only)
        plan = self._plans[dtype, bodies_only]
        batch = joint_pos.shape[:-1]
        count = math.prod(batch)
        joints = joint_pos.reshape(count, self.num_joints).astype(dtype, copy=False)
        poses = np.empty((count, plan.num_links, 7), dtype)
        _fill(plan, joints, _rows(base_pos, batch, 3, dtype), _rows(base_wxyz, batch, 4, dtype), poses)
        poses = poses.reshape(*batch, plan.num_links, 7)
        return poses[..., :3], poses[..., 3:]


def _rows(values: np.ndarray | None, batch: tuple[int, ...], width: int, dtype: np.dtype) -> np.ndarray | None:
    """`values` broadcast to the batch and flattened to (count, width)."""
    if values is None:
        return None
    return np.broadcast_to(values, (*batch, width)).reshape(math.prod(batch), width).astype(dtype, copy=False)


def _fill(
    plan: _Plan, joints: np.ndarray, base_pos: np.ndarray | None, base_wxyz: np.ndarray | None, poses: np.ndarray
) -> None:
    """Write the poses (count, L, 7) of all configurations, chunk by chunk."""
    count = len(poses)
    work = np.empty((plan.num_links, 7, min(count, CHUNK) + _PADDING), poses.dtype)
    for start in range(0, count, CHUNK):
        part = slice(start, min(start + CHUNK, count))
        chunk = work[:, :, : part.stop - start]
        chunk[0, 3:] = np.array([[1], [0], [0], [0]]) if base_wxyz is None else base_wxyz[part].T
        _run_chunk(plan, joints[part].T, chunk[:, :3], chunk[:, 3:])
        poses[part] = chunk.transpose(2, 0, 1)
    if base_pos is not None:
        # Added last: sums along the tree stay small, and so exact, however far away the robot is.
        poses[..., :3] += base_pos[:, None]


def _run_chunk(plan: _Plan, joints: np.ndarray, positions: np.ndarray, wxyz: np.ndarray) -> None:
    """Fill positions (L, 3, n) and wxyz (L, 4, n), of which the root's rotation is given, from joints (D, n)."""
    values = joints[plan.sources]
    values *= plan.scales
    values += plan.offsets
    half = values * plan.turning
    cosines, sines = np.cos(half)[:, None], np.sin(half)[:, None]
    for level in plan.levels:
        parts = level.turns @ wxyz[level.parents]
        joint = slice(level.first - 1, level.last - 1)
        parts[:, :4] *= cosines[joint]
        parts[:, 4:] *= sines[joint]
        np.add(parts[:, :4], parts[:, 4:], out=wxyz[level.first : level.last])
    above = wxyz[plan.parents]
    wxyz[plan.num_bodies :] = plan.fixed_turns @ above[plan.num_bodies :]
    _turn_arms(plan.crosses, plan.arms, above, positions)
    _add_slides(plan.slides, values, above, positions)
    for level in plan.levels[1:]:
        positions[level.first : level.last] += positions[level.parents]
    positions[plan.num_bodies :] += positions[plan.parents[plan.num_bodies :]]


def _turn_arms(crosses: np.ndarray, arms: np.ndarray, above: np.ndarray, turned: np.ndarray) -> None:
    """Write constant vectors `arms` (k, 3, 1), turned by quaternions `above` (k, 4, n), to `turned` (k, 3, n)."""
    m = crosses @ above
    turned[:] = arms
    product = np.empty_like(m[:, 0])
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        turned[:, i] += np.multiply(above[:, 1 + j], m[:, k], out=product)
        turned[:, i] -= np.multiply(above[:, 1 + k], m[:, j], out=product)


def _add_slides(slides: _Slides, values: np.ndarray, above: np.ndarray, positions: np.ndarray) -> None:
    """Move the links (of positions (L, 3, n)) of prismatic joints by their values (B - 1, n)."""
    if len(slides.links):
        directions = np.empty((len(slides.links), 3, values.shape[-1]), values.dtype)
        _turn_arms(slides.crosses, slides.directions, above[slides.links], directions)
        positions[slides.links] += directions * values[slides.moving][:, None]


def _plan(tree: Tree, dtype: np.dtype, bodies_only: bool) -> _Plan:
    """The constants of a tree, with the links that are fixed to another or without."""
    bodies = tree.num_bodies
    num_links = bodies if bodies_only else len(tree.link_names)
    above = [(0, np.eye(4)), *(tree.body_above(link) for link in range(1, num_links))]
    parents = np.array([parent for parent, _ in above])
    arms = np.array([origin[:3, 3] for _, origin in above])
    turns = from_matrix(np.array([origin[:3, :3] for _, origin in above]))
    moving = tree.joints[: bodies - 1]
    column = np.array([[j.scale, j.offset, 0.5 * (j.kind == "turn")] for j in moving]).reshape(-1, 3).astype(dtype)
    return _Plan(
        num_bodies=bodies,
        sources=np.array([joint.source for joint in moving], dtype=np.intp),
        scales=column[:, 0:1],
        offsets=column[:, 1:2],
        turning=column[:, 2:3],
        levels=_levels(moving, parents, turns, dtype),
        fixed_turns=np.array([_right_product(turn) for turn in turns[bodies:]]).reshape(-1, 4, 4).astype(dtype),
        parents=parents,
        crosses=np.array([_crosses(arm) for arm in arms]).astype(dtype),
        arms=arms[..., None].astype(dtype),
        slides=_slides(moving, turns, dtype),
    )


def _levels(moving: tuple[Joint, ...], parents: np.ndarray, turns: np.ndarray, dtype: np.dtype) -> tuple[_Level, ...]:
    """Moving links by depth; the tree has them in that order."""
    depths = np.zeros(len(moving) + 1, dtype=int)
    for link in range(1, len(depths)):
        depths[link] = depths[parents[link]] + 1
    levels = []
    bounds = np.searchsorted(depths, np.arange(1, depths.max() + 2))
    for first, stop in itertools.pairwise(bounds.tolist()):
        links = np.arange(first, stop)
        matrices = [_turn_matrix(turns[link], moving[link - 1]) for link in links]
        levels.append(_Level(links[0], links[-1] + 1, parents[links], np.array(matrices).astype(dtype)))
    return tuple(levels)


def _turn_matrix(origin_wxyz: np.ndarray, joint: Joint) -> np.ndarray:
    """(8, 4), from the parent's quaternion to the cosine's and the sine's part of the link's."""
    half_turn = multiply(origin_wxyz, np.array([0, *joint.axis]))
    return np.concatenate([_right_product(origin_wxyz), _right_product(half_turn)])


def _slides(moving: tuple[Joint, ...], turns: np.ndarray, dtype: np.dtype) -> _Slides:
    links = np.array([i + 1 for i, joint in enumerate(moving) if joint.kind == "slide"], dtype=np.intp)
    directions = np.array([rotate(turns[link], moving[link - 1].axis) for link in links]).reshape(-1, 3)
    crosses = np.array([_crosses(direction) for direction in directions]).reshape(-1, 3, 4)
    return _Slides(links, links - 1, crosses.astype(dtype), directions[..., None].astype(dtype))


def _right_product(q: np.ndarray) -> np.ndarray:
    """The (4, 4) matrix M of a quaternion q with M p = p q, the Hamilton product."""
    w, x, y, z = q
    return np.array([[w, -x, -y, -z], [x, w, z, -y], [y, -z, w, x], [z, y, -x, w]])


def _crosses(t: np.ndarray) -> np.ndarray:
    """The (3, 4) matrix from a quaternion (w, u) to 2 (w t + u x t)."""
    x, y, z = t
    return 2 * np.array([[x, 0, z, -y], [y, -z, 0, x], [z, y, -x, 0]])
