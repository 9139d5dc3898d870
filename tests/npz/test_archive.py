"""An npz is read in parts where it can be, and a damaged one is one clear line."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from npz_samples import object_array, saved

from replay_viewer.errors import BadField, FileProblem
from replay_viewer.npz.archive import NpzArchive, StoredColumn

LARGE = (400, 20, 600)  # 19 MB: beyond what is read whole.


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    values = np.random.default_rng(0).normal(size=LARGE).astype(np.float32)
    return saved(tmp_path_factory.mktemp("large"), {"obs": values, "small": np.arange(3)}), values


@pytest.mark.parametrize(
    ("steps", "envs"),
    [
        (slice(0, 400, 1), range(20)),
        (slice(10, 12, 1), range(20)),
        (slice(7, 300, 9), [3]),
        (slice(7, 300, 90), range(20)),
        (slice(5, 20, 1), [17, 2, 2]),
        (slice(399, 400, 1), range(4, 9)),
        (slice(8, 8, 1), range(20)),
        (slice(0, 4, 1), []),
    ],
)
def test_windows_of_a_large_array_are_what_the_array_holds(
    large: tuple[Path, np.ndarray], steps: slice, envs: list[int]
) -> None:
    path, values = large
    column = StoredColumn(NpzArchive(path), "obs", LARGE)
    read = column.read(steps, envs)
    np.testing.assert_array_equal(read, values[steps][:, list(envs)])
    assert read.flags.writeable


def test_one_step_of_a_large_array_costs_no_more_than_the_step(large: tuple[Path, np.ndarray]) -> None:
    tracemalloc.start()
    try:
        column = StoredColumn(NpzArchive(large[0]), "obs", LARGE)
        column.read(slice(5, 6, 1), range(20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


@pytest.mark.parametrize("layout", ["compressed", "small", "Fortran order", "big endian"])
def test_other_layouts_give_the_same_values(layout: str, tmp_path: Path) -> None:
    shape = (5, 4, 3) if layout == "small" else LARGE
    values = np.random.default_rng(1).normal(size=shape).astype(">f4" if layout == "big endian" else "<f4")
    stored = np.asfortranarray(values) if layout == "Fortran order" else values
    archive = NpzArchive(saved(tmp_path, {"x": stored}, compressed=layout == "compressed"))
    column = StoredColumn(archive, "x", shape)
    assert column.dtype == np.float32
    read = column.read(slice(1, 4), [3, 0])
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values[1:4][:, [3, 0]])


def test_what_is_read_may_be_written_to_without_changing_the_next_read(tmp_path: Path) -> None:
    column = StoredColumn(NpzArchive(saved(tmp_path, {"x": np.ones((3, 2))})), "x", (3, 2))
    column.read(slice(0, 3), range(2))[:] = 9
    assert column.read(slice(0, 3), range(2)).max() == 1


def test_a_file_that_shrinks_while_it_is_open_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, {"obs": np.zeros(LARGE, dtype=np.float32)})
    column = StoredColumn(NpzArchive(path), "obs", LARGE)
    path.write_bytes(path.read_bytes()[: 1 << 20])
    with pytest.raises(BadField, match="'obs' is cut off"):
        column.read(slice(399, 400), range(20))


def test_a_file_that_is_no_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"no zip at all")
    with pytest.raises(FileProblem, match="is a text file, not an npz file"):
        NpzArchive(path)


def test_a_truncated_npz_is_called_truncated(tmp_path: Path) -> None:
    path = saved(tmp_path, {"x": np.arange(1000)})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FileProblem, match="truncated"):
        NpzArchive(path)


def test_a_zip_without_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(FileProblem, match="is a ZIP file, not an npz file; it holds readme"):
        NpzArchive(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_values_are_found_by_their_checksum(tmp_path: Path, compressed: bool) -> None:
    path = saved(tmp_path, {"x": np.random.default_rng(0).normal(size=1000)}, compressed)
    content = bytearray(path.read_bytes())
    content[2000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadField, match="'x' is damaged") as caught:
        NpzArchive(path).load("x")
    assert "\n" not in str(caught.value)


def _npz_of(path: Path, header: str, values: bytes = b"\x00" * 16, version: bytes = b"\x01\x00") -> Path:
    """An npz of one array "x" with a head of our own making."""
    text = header.encode() + b"\n"
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    with zipfile.ZipFile(path / "made.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY" + version + length + text + values)
    return path / "made.npz"


@pytest.mark.parametrize(
    "shape",
    ["(1000000000000,)", "(4, 1000000000000, 1000000000000)", "(5,)", "(3,)", "()"],
)
def test_a_shape_that_the_file_does_not_hold_is_refused_without_making_it(tmp_path: Path, shape: str) -> None:
    path = _npz_of(tmp_path, f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}")
    with pytest.raises(BadField, match=r"'x' claims shape .*, but 16 bytes are there"):
        NpzArchive(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4.0,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 4, }",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (4,), }",
        "__import__('os').system('true')",
        "{" * 5000,
        "(" * 20000,
        "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4" + ", 1" * 70 + "), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 1000000000000, 1000000000000), }",
    ],
)
def test_a_head_that_is_none_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(BadField, match=r"'x' (is damaged|claims shape)") as caught:
        NpzArchive(_npz_of(tmp_path, header))
    assert "\n" not in str(caught.value)


def test_an_unknown_version_of_npy_is_refused(tmp_path: Path) -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }"
    with pytest.raises(BadField, match="version 9 of the npy format"):
        NpzArchive(_npz_of(tmp_path, header, version=b"\x09\x00"))
    archive = NpzArchive(_npz_of(tmp_path, header, version=b"\x02\x00"))
    assert archive.load("x").tolist() == [0, 0, 0, 0]


def test_an_array_beyond_all_memory_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (9 << 30,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head.getvalue())
    _claim_size(path, len(head.getvalue()) + (9 << 30))
    with pytest.raises(BadField, match=r"inflates to 9.0 GiB"):
        NpzArchive(path).load("x")


def _claim_size(path: Path, size: int) -> None:
    """Let the ZIP's directory claim that its only member inflates to `size` bytes."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.infolist()[0].file_size = size
        archive._didModify = True  # type: ignore[attr-defined]


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {"x": np.arange(10)})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    with pytest.raises(BadField, match="'x' is damaged"):
        NpzArchive(path)


def test_objects_are_refused_as_numbers_and_read_as_values(tmp_path: Path) -> None:
    archive = NpzArchive(saved(tmp_path, {"x": object_array([{"a": 1}, None])}))
    with pytest.raises(BadField, match="object array"):
        archive.load("x")
    assert archive.load_objects("x") == [{"a": 1}, None]
