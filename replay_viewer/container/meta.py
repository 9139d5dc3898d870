"""The meta.json of a recording: everything that a program needs to read its numbers, and what they mean."""

from __future__ import annotations

import functools
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

import numpy as np

from .. import __version__
from ..errors import BadField, FileProblem, NewerVersion
from ..rollout.entities import EntitySpec, check_fields
from ..rollout.fields import Field
from .extents import Extent, file_content
from .info import RecordingInfo, check_info, check_shape, json_text
from .json_object import HALF_CHARACTER, MAX_DEPTH, JsonObject, is_deeper, is_whole_text, parse_object
from .layout import (
    FORMAT_NAME,
    MAX_HEADER_BYTES,
    MAX_META_BYTES,
    MAX_RECORD_BYTES,
    META,
    VERSION,
    WORD_BYTES,
    WORD_TYPES,
    Layout,
    StructSpec,
    terminal_columns,
)
from .metadata import plain_metadata

_SEMANTICS = (
    "Record t is what the simulator showed after step t returned; its action, reward and terms belong to the "
    "transition that ends in it. Where a simulator resets inside a step, the record of an episode's last step already "
    "shows the next episode, and the state in which the episode ended is in terminals.npy. Quaternions are wxyz, "
    "positions metres in the world frame, angles radians. A reward term is what entered the reward in that step."
)
_FLAGS = "1 terminated, 2 truncated (time-out), 4 was reset in this step"
# No number depends on them: what does not fit is left out.
_TOLD = ("decimation", "physics_dt", "num_envs_total", "seed")
# Texts of the user's own, which are mended.
_MENDED = ("metadata",)
# The last line of a meta.json, about all bytes in front of it.
_CHECKSUM = re.compile(rb'"crc32": "([0-9a-f]{8})"\n}\n')


@dataclass(frozen=True)
class Meta:
    """The content of a meta.json.

    Attributes:
        info: facts of the recording.
        layout: where its numbers lie.
        created: UTC, ISO 8601.
        writer: name and version of the program.
        left_out: what is wrong with facts that are not in `info` for it, or were mended, by name.
        is_as_written: whether it is what its writer wrote, by its checksum; None of a recording that has none.
    """

    info: RecordingInfo
    layout: Layout
    created: str
    writer: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    is_as_written: bool | None = None


def new_meta(info: RecordingInfo, layout: Layout) -> Meta:
    """A recording that is made now, by this package."""
    created = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Meta(info, layout, created, f"replay-viewer {__version__}")


def settled(info: RecordingInfo, where: object) -> tuple[RecordingInfo, Mapping[str, str]]:
    """The facts as a reader will find them.

    They are written and read here, so that a writer never writes what a reader refuses. What means the same is
    repaired: numpy's numbers, 4.0 where an integer belongs. Of what only tells something, such as all metadata, the
    rest is left out.

    Returns:
        The facts, in Python's own types; and what is wrong with those that are left out or were mended, by name.

    Raises:
        BadField: a fact that a reader would refuse.
    """
    metadata, left_out = plain_metadata(info.metadata)
    lines = []
    for key, value in _facts_to_json(replace(info, metadata=metadata)).items():
        try:
            lines.append(_line(key, value, where))
        except BadField as error:
            if key not in _TOLD:
                raise
            left_out[key] = error.problem.partition("' ")[2].rstrip(".")
    data = parse_object(_joined(lines) + b"\n}\n", where, _MENDED)
    found = _info_from_json(data)
    check_info(found, where)
    for entity in found.entities:
        check_shape(entity, where)
    return found, {**left_out, **data.left_out}


def to_json(meta: Meta) -> bytes:
    """The text of meta.json.

    Raises BadField for a fact that is not `settled`, for too many, and for a layout that a reader would refuse.
    """
    layout = _layout_to_json(meta.layout)
    _check_layout(json.dumps(layout))
    content = {
        "format": FORMAT_NAME,
        "version": ".".join(str(number) for number in VERSION),
        "writer": meta.writer,
        "created": meta.created,
        "num_envs": meta.layout.num_envs,
        **_facts_to_json(meta.info),
        **layout,
        "flags": _FLAGS,
        "semantics": _SEMANTICS,
    }
    text = _joined(_line(key, value, META) for key, value in content.items()) + b",\n"
    if len(text) >= MAX_META_BYTES:
        raise BadField(META, "metadata", f"and other facts take {len(text)} bytes, more than {MAX_META_BYTES}.")
    return text + b'"crc32": "%08x"\n}\n' % zlib.crc32(text)


def read_meta(extents: Mapping[str, Extent], path: Path) -> Meta:
    """The meta.json among a recording's files. Raises as `from_json` does, and FileProblem where there is none."""
    if META not in extents:
        raise FileProblem(path, f"has no {META}.", "It is no recording, or its process ended before the first step.")
    return from_json(file_content(extents, META, path, MAX_META_BYTES), path / META)


def from_json(content: bytes, where: object) -> Meta:
    """Read a meta.json; keys and fields of a newer minor version are ignored.

    Raises:
        FileProblem: not JSON, or not of this format.
        NewerVersion: a newer major version.
        BadField: a member that is missing or does not fit.
    """
    data = parse_object(content, where, _MENDED)
    if data.text("format", "") != FORMAT_NAME:
        raise FileProblem(where, f"is not the meta.json of a {FORMAT_NAME}.")
    _check_version(data.text("version"), where)
    info = _info_from_json(data)
    layout = _layout_from_json(data)
    check_info(info, where)
    check_fields(layout.row.by_name, info.entities, info.reward_terms, where)
    is_as_written = _is_as_written(content) if data.text("crc32", "") else None
    return Meta(info, layout, data.text("created", ""), data.text("writer", ""), data.left_out, is_as_written)


def _check_version(version: str, where: object) -> None:
    major = version.partition(".")[0]
    if not re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", version):
        raise BadField(where, "version", f"is {version!r}, expected for example '1.0'.")
    if int(major) > VERSION[0]:
        raise NewerVersion(where, version, f"{VERSION[0]}.x")


def _is_as_written(content: bytes) -> bool:
    found = _CHECKSUM.search(content[-40:])
    if found is None or not content.endswith(found[0]):
        return False
    return zlib.crc32(content[: -len(found[0])]) == int(found[1], 16)


def _facts_to_json(info: RecordingInfo) -> dict[str, Any]:
    """The facts by their names in meta.json; what a user has given in the place of a list or an object stays."""
    return {
        "control_dt": info.control_dt,
        "decimation": info.decimation,
        "physics_dt": info.physics_dt,
        "every": info.every,
        "num_envs_total": info.num_envs_total,
        "env_ids": _listed(info.env_ids),
        "env_origins": info.env_origins,
        "seed": info.seed,
        "terminal_states": info.terminal_states,
        "outcome_reasons": _listed(info.outcome_reasons),
        "reward_terms": _listed(info.reward_terms),
        "entities": _listed(info.entities, _entity_to_json),
        "terrain": info.terrain,
        "metadata": dict(info.metadata),
    }


def _entity_to_json(entity: EntitySpec) -> Any:
    if not isinstance(entity, EntitySpec):
        return entity
    return {
        "name": entity.name,
        "kind": entity.kind,
        "joint_names": _listed(entity.joint_names),
        "contact_bodies": _listed(entity.contact_bodies),
        "urdf": entity.urdf,
        "shape": dict(entity.shape) if isinstance(entity.shape, Mapping) else entity.shape,
    }


def _listed(values: Any, convert: Callable[[Any], Any] = lambda value: value) -> Any:
    """A list of what can be gone through and is no text."""
    is_list = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
    return [convert(value) for value in values] if is_list else values


def _joined(lines: Iterable[str]) -> bytes:
    """A JSON object up to its last member."""
    return ("{\n" + ",\n".join(lines)).encode()


def _line(key: str, value: Any, where: object) -> str:
    """A member of meta.json. Raises BadField for what JSON cannot hold."""
    text = json_text(key, value, where)
    # Nearly all texts show at a glance that they are neither.
    if text.count("[") + text.count("{") > MAX_DEPTH and is_deeper(value, MAX_DEPTH):
        raise BadField(where, key, f"is nested more than {MAX_DEPTH} levels deep.")
    if key not in _MENDED and "\\ud" in text and not is_whole_text(json.loads(text)):
        raise BadField(where, key, f"{HALF_CHARACTER}.")
    return f"{json.dumps(key)}: {text}"


def _layout_to_json(layout: Layout) -> dict[str, Any]:
    return {
        "num_envs": layout.num_envs,
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
    }


@functools.lru_cache(maxsize=20)  # All films of a training have one.
def _check_layout(text: str) -> None:
    """Raise BadField for a layout, as JSON, that a reader would refuse."""
    _layout_from_json(parse_object(text.encode(), META))


def _struct_to_json(struct: StructSpec) -> dict[str, Any]:
    fields = [
        {"name": f.name, "dtype": f.dtype.str, "shape": list(f.shape), "offset": struct.offsets[f.name], "unit": f.unit}
        for f in struct.fields
    ]
    return {"bytes": struct.num_bytes, "fields": fields}


def _info_from_json(data: JsonObject) -> RecordingInfo:
    return RecordingInfo(
        env_ids=data.integers("env_ids"),
        control_dt=data.positive("control_dt"),
        entities=tuple(_entity_from_json(entity) for entity in data.objects("entities")),
        decimation=data.told("decimation", lambda: data.optional_integer("decimation", 1)),
        physics_dt=data.told("physics_dt", lambda: data.optional_positive("physics_dt")),
        every=data.integer("every", 1, default=1),
        num_envs_total=data.told("num_envs_total", lambda: data.optional_integer("num_envs_total", 1)),
        env_origins=data.rows("env_origins", 3),
        seed=data.told("seed", lambda: data.optional_integer_of_any_size("seed")),
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
    if layout.record_bytes > MAX_RECORD_BYTES:
        frames.refuse("record_bytes", f"at most {MAX_RECORD_BYTES}")
    for table, size in ((frames, layout.header_bytes), (terminals, layout.terminals_header_bytes)):
        if size > MAX_HEADER_BYTES:
            table.refuse("header_bytes", f"at most {MAX_HEADER_BYTES}")
    if layout.env_offset + layout.num_envs * layout.row.num_bytes > layout.record_bytes:
        frames.refuse("record_bytes", f"room for {layout.num_envs} rows of {layout.row.num_bytes} bytes")
    _check_columns(layout, terminals)
    return layout


def _check_columns(layout: Layout, terminals: JsonObject) -> None:
    """Refuse a table of ends without the columns that every reader needs, or with no room for its row of fields."""
    columns = layout.columns
    missing = [column.name for column in terminal_columns() if column.name not in columns.by_name]
    if missing:
        terminals.refuse("fields", f"the columns {', '.join(missing)} too")
    for column in terminal_columns(columns.by_name["ret"].shape):
        found = columns.by_name[column.name]
        if (found.dtype, found.shape) != (column.dtype, column.shape):
            terminals.refuse("fields", f"the column {column.name} to be {column.dtype.str} of shape {column.shape}")
    if layout.row_offset + layout.row.num_bytes > columns.num_bytes:
        terminals.refuse("bytes", f"room for a row of {layout.row.num_bytes} bytes at {layout.row_offset}")
    if any(columns.offsets[column.name] + column.num_bytes > layout.row_offset for column in columns.fields):
        terminals.refuse("row_offset", "the row to lie behind the columns")


def _struct_from_json(data: JsonObject, known: tuple[str, ...]) -> StructSpec:
    """A struct without the fields whose type is not known: a newer minor version may have added them."""
    num_bytes = data.integer("bytes", 1)
    if num_bytes >= 2**31:
        data.refuse("bytes", "less than 2 GiB")
    placed = [_field_from_json(field, num_bytes, known) for field in data.objects("fields")]
    fields = [entry for entry in placed if entry is not None]
    if len({field.name for field, _ in fields}) < len(fields):
        data.refuse("fields", "each name once")
    in_order = sorted(fields, key=lambda entry: entry[1])
    if any(at + field.num_bytes > next_at for (field, at), (_, next_at) in zip(in_order, in_order[1:])):
        data.refuse("fields", "each to begin behind the one before it")
    return StructSpec(tuple(field for field, _ in fields), {field.name: at for field, at in fields}, num_bytes)


def _field_from_json(data: JsonObject, num_bytes: int, known: tuple[str, ...]) -> tuple[Field, int] | None:
    code, offset = data.text("dtype"), data.integer("offset")
    if code not in known:
        return None
    field = Field(data.text("name"), data.integers("shape", 1), np.dtype(code), data.text("unit", ""))
    if offset % WORD_BYTES:
        data.refuse("offset", f"a multiple of {WORD_BYTES}")
    if offset + field.num_bytes > num_bytes:
        data.refuse("offset", f"the field to end within its row of {num_bytes} bytes")
    return field, offset
