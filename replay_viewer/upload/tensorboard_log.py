"""A folder of TensorBoard's as a target: a short animated picture of each film, and where the film lies.

TensorBoard plays no films; what `add_video` writes is an animated GIF among the images. So is what is written here,
small, and made by our own encoder: tensorboardX needs moviepy for it, and gives up without a word. The files have a
folder of their own below the one that is named, since TensorBoard reads one file of a folder at a time.
"""

from __future__ import annotations

import importlib
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import Any, Sequence

from ..clips.films import Film
from ..errors import FileProblem
from ..paths import local_path
from ..video.encoder import find_ffmpeg
from .captions import caption, tag, training_step
from .target import Asked, OddFilm

FOLDER = "films"
# Of the animated picture: it stands in a file that a browser loads whole.
_WIDTH, _FPS, _SECONDS = 240, 8, 8
_LONGEST = 120.0
# Whose writer of such files there is, and their messages.
_LIBRARIES = (
    ("tensorboard.summary.writer.event_file_writer", "tensorboard.compat.proto"),
    ("tensorboardX.event_file_writer", "tensorboardX.proto"),
)
_STRING = 7  # Of tensors.


class TensorBoardLog:
    """A log of films.

    Args:
        logdir: the folder of the logs, as TensorBoard is started with it or below that.
        copy_to: where films are copied to as well, so that they are where the logs are; None for nowhere.
        films: the folder of the films: copies have the same paths below theirs.

    Attributes:
        name: of the folder, among all targets.
        at_once: one film.

    Raises:
        FileProblem: the folder cannot be written, or there is no library to write with, or no ffmpeg.
    """

    at_once = 1

    def __init__(self, logdir: str | Path, copy_to: str | Path | None = None, films: Path = Path()) -> None:
        folder = local_path(logdir) / FOLDER
        self.name, self._films = f"tensorboard:{os.path.realpath(folder)}", films
        self._copies = None if copy_to is None else local_path(copy_to) / FOLDER
        self._ffmpeg = find_ffmpeg(folder)
        writer, self._event, self._summary, self._tensor = _library()
        try:
            for made in filter(None, (folder, self._copies)):
                made.mkdir(parents=True, exist_ok=True)
            self._writer = writer(str(folder))
        except OSError as error:
            raise FileProblem(folder, f"cannot be written: {error.strerror or error}.") from error

    def put(self, films: Sequence[Film], is_ending: Asked) -> None:
        for film in films:
            summary = self._summary.Summary(value=[self._picture(film), self._text(film, self._copy(film))])
            event = self._event.Event(wall_time=time.time(), step=training_step(film), summary=summary)
            self._writer.add_event(event)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _picture(self, film: Film) -> Any:
        gif = animated(self._ffmpeg, film)
        width, height = struct.unpack_from("<HH", gif, 6)
        image = self._summary.Summary.Image(encoded_image_string=gif, width=width, height=height, colorspace=3)
        return self._summary.Summary.Value(tag=tag(film), image=image)

    def _text(self, film: Film, path: Path) -> Any:
        """What TensorBoard shows as a text."""
        lines = f"{caption(film)}\n\n`{os.path.abspath(path)}`"
        text = self._tensor.TensorProto(dtype=_STRING, string_val=[lines.encode("utf-8", "replace")])
        text.tensor_shape.dim.add(size=1)
        plugin = self._summary.SummaryMetadata.PluginData(plugin_name="text")
        return self._summary.Summary.Value(
            tag=f"{tag(film)}/file", metadata=self._summary.SummaryMetadata(plugin_data=plugin), tensor=text
        )

    def _copy(self, film: Film) -> Path:
        """Where the film lies, or its copy."""
        assert film.path is not None, "it is complete"
        if self._copies is None:
            return film.path
        copy = self._copies / film.path.relative_to(self._films)
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f".{copy.name}.{os.getpid()}.partial")
        shutil.copyfile(film.path, partial)
        os.replace(partial, copy)
        return copy


def animated(ffmpeg: str, film: Film) -> bytes:
    """The beginning of a film as a GIF. Raises OddFilm where it is none."""
    assert film.path is not None, "it is complete"
    filters = f"fps={_FPS},scale='min({_WIDTH},iw)':-2:flags=area,split[a][b];[a]palettegen[p];[b][p]paletteuse"
    read = [ffmpeg, "-loglevel", "error", "-nostdin", "-t", str(_SECONDS), "-i", f"file:{film.path}"]
    try:
        found = subprocess.run(
            [*read, "-vf", filters, "-loop", "0", "-f", "gif", "pipe:1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LONGEST,
            start_new_session=True,  # Ctrl-C is ours.
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OddFilm(film.path, f"no picture can be made of it: {error}.") from error
    if found.returncode != 0 or not found.stdout.startswith(b"GIF"):
        last = found.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise OddFilm(film.path, f"no picture can be made of it: {''.join(last) or 'it holds none'}.")
    return found.stdout


def _library() -> tuple[Any, Any, Any, Any]:
    """The class that writes files of events, and the modules of events, summaries and tensors."""
    for writer, protos in _LIBRARIES:
        try:
            kind = importlib.import_module(writer).EventFileWriter
            names = ("event_pb2", "summary_pb2", "tensor_pb2")
            event, summary, tensor = (importlib.import_module(f"{protos}.{name}") for name in names)
            return kind, event, summary, tensor
        except ImportError:
            continue
    raise FileProblem("tensorboardX", "is not installed here, nor is tensorboard.", "pip install tensorboardX")
