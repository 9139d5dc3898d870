"""Kinds of files, told from how they begin: for messages about files that are something else than they should be."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from ..errors import FileProblem, listing, printable
from .regular import open_regular
from .zips import SIGNATURE, SIGNATURE_OF_EMPTY, open_zip

# As much of a file is looked at; a pointer is shorter than this.
HEAD_BYTES = 4096

_LFS = re.compile(rb"version https://(?:git-lfs|hawser)\.github\.com/spec/")
_ANNEX = re.compile(rb"\.{0,2}/?[^\n]{0,500}annex/objects/")
# Where in a file which bytes stand, and what the file is then. More bytes go before fewer.
_MAGIC = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"PAR1", "a Parquet file"),
    (0, b"ARROW1", "an Arrow file"),
    (0, b"FEA1", "a Feather file"),
    (0, b"\x89MCAP0\r\n", "an MCAP file"),
    (0, b"#ROSBAG", "a ROS bag"),
    (0, b"SQLite format 3\0", "an SQLite database (as bags of ROS 2 are)"),
    (0, b"RRF", "a Rerun file"),
    (0, b"\x93NUMPY", "a single array of NumPy (.npy)"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (0, b"CDF\x01", "a NetCDF file"),
    (0, b"CDF\x02", "a NetCDF file"),
    (4, b"ftyp", "an MP4 or MOV video"),
    (0, b"\x1a\x45\xdf\xa3", "a WebM or Matroska video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"PXR-USDC", "a USD scene"),
    (0, b"#usda", "a USD scene"),
    (0, b"Kaydara FBX", "an FBX scene"),
    (0, b"BLENDER", "a Blender scene"),
    (0, b"glTF", "a GLB mesh"),
    (0, b"ply\n", "a PLY mesh"),
    (0, b"ply\r\n", "a PLY mesh"),
    (0, b"solid ", "an STL mesh"),
    (0, b"\x7fELF", "a program"),
)
# Kinds that say too little to contradict what somebody takes a file for.
_VAGUE = ("", "a text file", "an XML file", "a JSON file", "a CSV table")
_ARCHIVES = re.compile(r"an? \w+ archive")
_PICTURES = re.compile(r"an? .*(?:video|picture)")
# The protocols from 2 on, and how 0 and 1 begin with a dictionary, a list or an object.
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\([dl][pq]|[}\]]q\x00|c[a-z_.]+\n\w+\n")
_SAFETENSORS = re.compile(rb".{4}\0{4}\{\"", re.DOTALL)
_JSON = re.compile(r"[{\[]\s*[\"\[{\]}\d-]")
_TORCH_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_TENSORBOARD = b"brain.Event:"
# A model of ONNX: version, then who made it, then that one's version or the graph (onnx.proto3, `ModelProto`).
_ONNX = re.compile(rb"\x08[\x01-\x20]\x12([\x01-\x7f])([ -~]+)")
# A dictionary of msgpack whose first key is a text, as those of Flax and Foxglove are: its number, and its length.
_MSGPACK = re.compile(rb"(?:[\x81-\x8f]|\xde..|\xdf....)([\xa1-\xbf])([ -~]+)", re.DOTALL)
_ELEMENT = re.compile(rb"<(?![?!])\s*([A-Za-z_][\w.:-]*)")
_ROOTS = {
    b"robot": "a URDF",
    b"mujoco": "a MuJoCo model (MJCF)",
    b"sdf": "an SDF model",
    b"html": "an HTML page",
    b"collada": "a COLLADA mesh (DAE)",
    b"svg": "an SVG picture",
}
_KEYS = "base_pos, base_quat and, where there are some, dof_pos, dof_names and dt"


def refuse_pointer(path: object, head: bytes) -> None:
    """Raise FileProblem where a file that begins so only stands in for one that was not downloaded."""
    if _LFS.match(head):
        raise FileProblem(path, "is a pointer of Git LFS, not the file itself.", "Fetch it: git lfs pull.")
    if len(head) < HEAD_BYTES and _ANNEX.match(head):
        raise FileProblem(path, "is a pointer of git-annex, not the file itself.", "Fetch it: git annex get.")


def refuse_foreign(path: Path, denial: str) -> None:
    """Raise FileProblem for a file that is known to be something else; return where it is not.

    Args:
        path: the file.
        denial: what it should be and is not, such as "not a recording".
    """
    head = head_of(path)
    refuse_pointer(path, head)
    kind = kind_of(head)
    if kind == "a ZIP file":
        raise FileProblem(path, *_of_zip(path, denial))
    if kind:
        raise FileProblem(path, f"is {kind}, {denial}.", _way_out(kind))


def kind_of(head: bytes) -> str:
    """What a file is that begins with these bytes (`HEAD_BYTES` of it), such as "an HDF5 file"; "" if not known."""
    if not head:
        return "an empty file"
    if not head.strip(b"\0"):
        return "a file of zeros, as a failed copy leaves it"
    for offset, magic, name in _MAGIC:
        if head.startswith(magic, offset):
            return name
    if head.startswith((SIGNATURE, SIGNATURE_OF_EMPTY)):
        return "a ZIP file"
    if head.startswith(_TORCH_LEGACY):
        return "a file of PyTorch (a pickle)"
    if _PICKLE.match(head):
        return "a pickle"
    if _SAFETENSORS.match(head):
        return "a safetensors file"
    if _TENSORBOARD in head[:64]:
        return "a log of TensorBoard"
    if _is_tfrecord(head):
        return "a file of TFRecords"
    onnx, msgpack = _ONNX.match(head), _MSGPACK.match(head)
    if onnx and len(onnx[2]) >= onnx[1][0] and head[onnx.start(2) + onnx[1][0] :][:1] in (b"\x1a", b":"):
        return "an ONNX model"
    if msgpack and len(msgpack[2]) >= msgpack[1][0] & 31:
        return "a file of msgpack"
    return _kind_of_text(head)


def _is_tfrecord(head: bytes) -> bool:
    """Whether it begins with a length and its checksum, the masked CRC-32C of TensorFlow's record_writer.cc."""
    if len(head) < 12:
        return False
    checksum = 0xFFFFFFFF
    for byte in head[:8]:
        checksum ^= byte
        for _ in range(8):
            checksum = checksum >> 1 ^ (0x82F63B78 if checksum & 1 else 0)
    checksum ^= 0xFFFFFFFF
    masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return masked == int.from_bytes(head[8:12], "little")


def other_kind(head: bytes, expected: str) -> str:
    """What a file that begins so is, where that is surely not the `expected` kind, such as "STL"; else ""."""
    kind = kind_of(head[:HEAD_BYTES])
    return "" if kind in _VAGUE or expected.lower() in kind.lower() else kind


def head_of(path: Path) -> bytes:
    """The first bytes of a file; raises FileProblem where it cannot be read."""
    try:
        with open_regular(path) as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise FileProblem(path, f"cannot be read: {error.strerror}.") from error


def _kind_of_text(head: bytes) -> str:
    text = _decoded(head)
    if text is None:
        return ""
    begin = text.lstrip()
    if begin.startswith("<"):
        return _kind_of_xml(begin)
    lines = [line for line in begin.splitlines() if line.strip()]
    if _JSON.match(begin):
        is_lines = len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines[:-1])
        return "a file of JSON lines" if is_lines else "a JSON file"
    if _is_table(lines):
        return "a CSV table"
    return "a text file"


def _kind_of_xml(text: str) -> str:
    root = _ELEMENT.search(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).encode())
    is_page = text[:14].lower().startswith("<!doctype html")
    name = b"html" if is_page else root[1].lower() if root else b""
    return _ROOTS.get(name, "an XML file")


def _is_table(lines: list[str]) -> bool:
    """Whether the first two lines of a text have the same columns."""
    counts = [{line.count(separator) for line in lines[:2]} for separator in (",", "\t", ";")]
    return any(len(count) == 1 and count != {0} for count in counts)


def _decoded(head: bytes) -> str | None:
    """The bytes as text, None where they are none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    text = head.decode("utf-8-sig", "replace")
    strange = sum(not (character.isprintable() or character in "\t\r\n") for character in text)
    return None if "\0" in text or strange + text.count("\ufffd") > len(text) // 20 else text


def _of_zip(path: Path, denial: str) -> tuple[str, str]:
    """What a ZIP that is not the expected file holds, and what to do with it."""
    try:
        with open_regular(path) as file:
            has_end = zipfile.is_zipfile(file)
            with open_zip(file) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
    except zipfile.BadZipFile as error:
        problem = f"a damaged ZIP file: {error}" if has_end else "a truncated ZIP file: its end is missing"
        return f"is {problem}.", "Copy or write it again."
    if not names:
        return f"is an empty ZIP file, {denial}.", "Copy or write it again."
    if any(name.endswith("data.pkl") for name in names):
        return f"is a file of PyTorch, {denial}.", _way_out("")
    shown = listing([printable(name) for name in names], 5)
    return f"is a ZIP file, {denial}; it holds {shown}.", "Unpack it and open what is in it, or give another file."


def _way_out(kind: str) -> str:
    """What to do with a file of such a kind, where a recording was asked for."""
    if kind.startswith(("an empty", "a file of zeros")):
        return "Copy or write it again."
    if kind == "an HTML page":
        return "Download the file itself, not the page that shows it."
    if kind in _ROOTS.values() or kind.endswith((" mesh", " scene")):
        return "Give a recording; a robot comes with it, or as a URDF by --urdf."
    if _ARCHIVES.fullmatch(kind):
        return "Unpack it, and open what is in it."
    if _PICTURES.fullmatch(kind):
        return "Pictures cannot be replayed: record the states, with attach(env, 'run.rec')."
    return f"Write its arrays under the names {_KEYS} by np.savez, or record with attach(env, 'run.rec')."
