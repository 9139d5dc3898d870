"""The joints of a plain npz: their positions, velocities and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import BadArgument, BadField, listing
from ..rollout.rollout import Verdict
from .plain.columns import Column
from .plain.doubts import degrees_verdict, without_bad_values
from .plain.layout import NpzLayout

# Joint signals beside dof_pos, with the names they get.
JOINT_SIGNALS = {"dof_vel": "joint_vel", "torques": "joint_torque"}


@dataclass(frozen=True)
class Joints:
    """names: of one robot, () without joints. columns: "joint_pos" and the like -> (T, N[, A], D).

    are_named: False where the names are placeholders.
    """

    names: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    are_named: bool = True


def read_joints(layout: NpzLayout, stated_names: Sequence[str] | None, env_ids: Sequence[int]) -> Joints:
    """The joints, if the file has `dof_pos`; without it the robot can only be shown in its zero pose.

    Raises BadField for misshapen arrays, BadArgument for stated names that do not fit their number.
    """
    if "dof_pos" not in layout.archive.headers:
        reason = "the file has no 'dof_pos'"
        return Joints(verdicts=(Verdict("joint angles", "not recorded", reason, "problem"),))
    positions, verdicts = without_bad_values("dof_pos", layout.joints("dof_pos"), env_ids)
    names, named = _joint_names(layout, stated_names, positions.shape[-1])
    columns = {"joint_pos": positions}
    for key, name in JOINT_SIGNALS.items():
        if key in layout.archive.headers:
            columns[name] = _of_same_shape(layout, key, positions)
    verdicts += [*degrees_verdict("dof_pos", positions), named]
    return Joints(names, columns, tuple(verdicts), are_named=named.status != "assumed")


def _of_same_shape(layout: NpzLayout, key: str, positions: Column) -> Column:
    column = layout.joints(key)
    if column.shape != positions.shape:
        got, expected = layout.archive.headers[key].shape, layout.archive.headers["dof_pos"].shape
        raise BadField(layout.archive.path, key, f"has shape {got}, expected {expected} like 'dof_pos'.")
    return column


def _joint_names(layout: NpzLayout, stated: Sequence[str] | None, count: int) -> tuple[tuple[str, ...], Verdict]:
    if stated is not None:
        _check_names(stated, count)
        return tuple(stated), Verdict("joint names", listing(stated), "as you say", "stated")
    if "dof_names" not in layout.archive.headers:
        names = tuple(f"joint_{i}" for i in range(count))
        reason = "the file has no 'dof_names'; the order of its columns is unknown (--joint-names states it)"
        return names, Verdict("joint names", f"{count} joints without names", reason, "assumed")
    names = _recorded_names(layout)
    if len(names) != count:
        raise BadField(layout.archive.path, "dof_names", f"has {len(names)} names, expected {count} as in 'dof_pos'.")
    if len(set(names)) < count:
        raise BadField(layout.archive.path, "dof_names", f"names a joint twice: {listing(names)}.")
    return names, Verdict("joint names", f"{count} joints", "the file's 'dof_names'", "stated")


def _check_names(stated: Sequence[str], count: int) -> None:
    if len(stated) != count:
        problem = f"{len(stated)} names for {count} joint columns."
        raise BadArgument("--joint-names", ",".join(stated), problem)
    if len(set(stated)) < count:
        raise BadArgument("--joint-names", ",".join(stated), "a joint is named twice.")


def _recorded_names(layout: NpzLayout) -> tuple[str, ...]:
    """Names stored as text, as bytes, or as an object array of text."""
    archive = layout.archive
    header = archive.headers["dof_names"]
    try:
        names = archive.load_objects("dof_names") if header.dtype.hasobject else archive.load("dof_names").tolist()
    except (SystemError, ValueError) as error:  # Both are NumPy's for numbers that are no characters.
        raise BadField(archive.path, "dof_names", f"holds no text: {error}.") from error
    listed = names if isinstance(names, list) else [names]
    texts = [str(n, "utf-8", "replace") if isinstance(n, bytes) else n for n in listed]
    texts = [n.encode("utf-8", "replace").decode() if isinstance(n, str) else n for n in texts]
    if not all(isinstance(text, str) for text in texts):
        problem = f"has shape {header.shape} and type {header.dtype}, expected one text per joint."
        raise BadField(archive.path, "dof_names", problem)
    return tuple(texts)
