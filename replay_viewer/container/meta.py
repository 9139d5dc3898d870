"""The meta.json of a recording: everything that a program needs to read its numbers, and what they mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import BadField, FileProblem, NewerVersion
from .extents import Extent, content_of
from .info import EntitySpec, RecordingInfo, check_info, check_row, plain
from .json_object import JsonObject, parse_object
from .layout import FORMAT_NAME, META, VERSION, WORD_TYPES, FieldSpec, Layout, StructSpec, terminal_columns

_SEMANTICS = (
    "Record t is what the simulator showed after step t returned; its action, reward and terms belong to the "
    "transition that ends in it. Where a simulator resets inside a step, the record of an episode's last step already "
    "shows the next episode, and the state in which the episode ended is in terminals.npy. Quaternions are wxyz, "
    "positions metres in the world frame, angles radians. A reward term is what entered the reward in that step."
)
_FLAGS = "1 terminated, 2 truncated (time-out), 4 was reset in this step"


@dataclass(frozen=True)
class Meta:
    """The content of a meta.json.

    Attributes:
        info: facts of the recording.
        layout: where its numbers lie.
        created: UTC, ISO 8601.
        writer: name and version of the program.
    """

    info: RecordingInfo
    layout: Layout
    created: str
    writer: str


def new_meta(info: RecordingInfo, layout: Layout) -> Meta:
    """A recording that is made now, by this package."""
    created = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Meta(info, layout, created, f"replay-viewer {__version__}")


def to_json(meta: Meta) -> bytes:
    """The text of meta.json."""
    info, layout = meta.info, meta.layout
    content = {
        "format": FORMAT_NAME,
        "version": ".".join(str(number) for number in VERSION),
        "writer": meta.writer,
        "created": meta.created,
        "control_dt": float(info.control_dt),
        "decimation": info.decimation,
        "physics_dt": info.physics_dt,
        "every": info.every,
        "num_envs": layout.num_envs,
        "num_envs_total": info.num_envs_total,
        "env_ids": list(info.env_ids),
        "env_origins": info.env_origins,
        "seed": info.seed,
        "terminal_states": info.terminal_states,
        "outcome_reasons": list(info.outcome_reasons),
        "reward_terms": list(info.reward_terms),
        "entities": [_entity_to_json(entity) for entity in info.entities],
        "terrain": info.terrain,
        "frames": {
            "header_bytes": layout.header_bytes,
            "record_bytes": layout.record_bytes,
            "records_per_segment": layout.records_per_segment,
            "env_offset": layout.env_offset,
        },
        "row": _struct_to_json(layout.row),
        "terminals": {
            "header_bytes": layout.terminals_header_bytes,
            "row_offset": layout.row_offset,
            **_struct_to_json(layout.columns),
        },
        "flags": _FLAGS,
        "semantics": _SEMANTICS,
        "metadata": dict(info.metadata),
    }
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, allow_nan=False, default=plain)}" for key, value in content.items()
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def read_meta(extents: Mapping[str, Extent], path: Path) -> Meta:
    """The meta.json among a recording's files. Raises as `from_json` does, and FileProblem where there is none."""
    if META not in extents:
        raise FileProblem(path, f"has no {META}.", "It is no recording, or its process ended before the first step.")
    return from_json(content_of(extents[META]), path / META)


def from_json(content: bytes, where: object) -> Meta:
    """Read a meta.json; keys and fields of a newer minor version are ignored.

    Raises:
        FileProblem: not JSON, or not of this format.
        NewerVersion: a newer major version.
        BadField: a member that is missing or does not fit.
    """
    data = parse_object(content, where)
    if data.text("format", "") != FORMAT_NAME:
        raise FileProblem(where, f"is not the meta.json of a {FORMAT_NAME}.")
    _check_version(data.text("version"), where)
    info = _info_from_json(data)
    layout = _layout_from_json(data)
    check_info(info, where)
    check_row(info, layout.row, where)
    return Meta(info, layout, data.text("created", ""), data.text("writer", ""))


def _check_version(version: str, where: object) -> None:
    major = version.partition(".")[0]
    if not re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", version):
        raise BadField(where, "version", f"is {version!r}, expected for example '1.0'.")
    if int(major) > VERSION[0]:
        raise NewerVersion(where, version, f"{VERSION[0]}.x")


def _entity_to_json(entity: EntitySpec) -> dict[str, Any]:
    return {
        "name": entity.name,
        "kind": entity.kind,
        "joint_names": list(entity.joint_names),
        "contact_bodies": list(entity.contact_bodies),
        "urdf": entity.urdf,
        "shape": None if entity.shape is None else dict(entity.shape),
    }


def _struct_to_json(struct: StructSpec) -> dict[str, Any]:
    fields = [
        {"name": f.name, "dtype": f.dtype, "shape": list(f.shape), "offset": struct.offsets[f.name], "unit": f.unit}
        for f in struct.fields
    ]
    return {"bytes": struct.num_bytes, "fields": fields}


def _info_from_json(data: JsonObject) -> RecordingInfo:
    return RecordingInfo(
        env_ids=data.integers("env_ids"),
        control_dt=data.positive("control_dt"),
        entities=tuple(_entity_from_json(entity) for entity in data.objects("entities")),
        decimation=data.optional_integer("decimation", 1),
        physics_dt=data.optional_positive("physics_dt"),
        every=data.integer("every", 1, default=1),
        num_envs_total=data.optional_integer("num_envs_total", 1),
        env_origins=data.rows("env_origins", 3),
        seed=data.optional_integer("seed", -(2**63)),
        terminal_states=data.text("terminal_states"),
        outcome_reasons=data.texts("outcome_reasons"),
        reward_terms=data.texts("reward_terms"),
        terrain=data.text("terrain", "") or None,
        metadata=data.mapping("metadata"),
    )


def _entity_from_json(data: JsonObject) -> EntitySpec:
    return EntitySpec(
        name=data.text("name"),
        kind=data.text("kind"),
        joint_names=data.texts("joint_names"),
        contact_bodies=data.texts("contact_bodies"),
        urdf=data.text("urdf", "") or None,
        shape=data.mapping("shape") or None,
    )


def _layout_from_json(data: JsonObject) -> Layout:
    frames, terminals = data.object("frames"), data.object("terminals")
    layout = Layout(
        num_envs=data.integer("num_envs", 1),
        row=_struct_from_json(data.object("row"), WORD_TYPES),
        columns=_struct_from_json(terminals, (*WORD_TYPES, "<i8", "<f8")),
        env_offset=frames.integer("env_offset", 16),
        row_offset=terminals.integer("row_offset"),
        record_bytes=frames.integer("record_bytes", 16),
        header_bytes=frames.integer("header_bytes", 16),
        terminals_header_bytes=terminals.integer("header_bytes", 16),
        records_per_segment=frames.integer("records_per_segment", 1),
    )
    if layout.env_offset + layout.num_envs * layout.row.num_bytes > layout.record_bytes:
        frames.refuse("record_bytes", f"room for {layout.num_envs} rows of {layout.row.num_bytes} bytes")
    missing = [field.name for field in terminal_columns() if field.name not in layout.columns.by_name]
    if missing:
        terminals.refuse("fields", f"the columns {', '.join(missing)} too")
    if layout.row_offset + layout.row.num_bytes > layout.columns.num_bytes:
        terminals.refuse("bytes", f"room for a row of {layout.row.num_bytes} bytes at {layout.row_offset}")
    return layout


def _struct_from_json(data: JsonObject, known: tuple[str, ...]) -> StructSpec:
    """A struct without the fields whose type is not known: a newer minor version may have added them."""
    num_bytes = data.integer("bytes", 1)
    if num_bytes >= 2**31:
        data.refuse("bytes", "less than 2 GiB")
    placed = [_field_from_json(field, num_bytes, known) for field in data.objects("fields")]
    fields = [entry for entry in placed if entry is not None]
    if len({field.name for field, _ in fields}) < len(fields):
        data.refuse("fields", "each name once")
    return StructSpec(tuple(field for field, _ in fields), {field.name: at for field, at in fields}, num_bytes)


def _field_from_json(data: JsonObject, num_bytes: int, known: tuple[str, ...]) -> tuple[FieldSpec, int] | None:
    dtype, offset = data.text("dtype"), data.integer("offset")
    if dtype not in known:
        return None
    field = FieldSpec(data.text("name"), data.integers("shape", 1), dtype, data.text("unit", ""))
    if offset + field.num_bytes > num_bytes:
        data.refuse("offset", f"the field to end within its row of {num_bytes} bytes")
    return field, offset
