"""The kinds of films by their suffix, and what ffmpeg is told to make each of them."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Sequence

SUFFIXES = (".mp4", ".webm", ".gif")
# Browsers show pictures that should stand for 1/100 s ten times as long; GIF counts in hundredths.
MAX_GIF_FPS = 50

# Each holds some pictures: at 1920x1080, 4 make 265 MB and 16 make 515 MB. Who makes pictures seldom keeps 4 busy.
_MAX_THREADS = 4
_KEYFRAME_SECONDS, _CLIP_KEYFRAME_SECONDS = 2, 0.25  # A player jumps to keyframes at once.
# The best and the worst of x264's constant rate factor is 0 and 51, of VP9's 0 and 63.
_VP9_PER_X264 = 63 / 51


def passes(size: tuple[int, int], rate: Fraction, crf: float, file: Path, planar: bool = False) -> list[list[str]]:
    """The arguments of each run of ffmpeg that a film takes; the first one reads raw pictures on standard input.

    Args:
        size: width and height [px], both even.
        rate: pictures per second.
        crf: constant rate factor of x264.
        file: to write, in a folder of its own; its suffix says the kind.
        planar: whether pictures are what `_colours` would make of them, not sRGB; not for a GIF.
    """
    pictures = _pictures(size, rate, "yuv420p" if planar else "rgb24")
    if file.suffix == ".gif":
        return _gif(pictures, file)
    options = _webm(crf) if file.suffix == ".webm" else _mp4(crf)
    keyframes = ["-g", str(max(round(rate * _KEYFRAME_SECONDS), 1))]
    colours = _tagged([]) if planar else _colours()
    return [[*_QUIET, *pictures, *colours, *options, *keyframes, f"file:{file}"]]


def clip_passes(
    size: tuple[int, int],
    rate: Fraction,
    file: Path,
    title: str,
    comment: str,
    out_size: tuple[int, int] | None = None,
) -> list[list[str]]:
    """The same of a film that plays from its first second on while it is written, and whose writer may die.

    It is an MP4 in fragments, each of which begins with a keyframe and goes to the disk at once: a film that stands
    beside a replay is to be where its playhead is. One thread, since the training needs the others.

    Args:
        size: of the pictures [px], both even.
        rate: pictures per second.
        file: to write.
        title: of the film; it and the comment may be written over later, by as many bytes.
        comment: likewise.
        out_size: of the film [px], both even, if it is another.
    """
    scaled = [] if out_size is None else [f"scale={out_size[0]}:{out_size[1]}:flags=area"]
    colours = _colours(before=scaled, threads="1")
    options = [*_X264, "-crf", "20", "-threads", "1", "-g", str(max(int(rate * _CLIP_KEYFRAME_SECONDS), 1))]
    said = ["-metadata", f"title={title}", "-metadata", f"comment={comment}"]
    fragments = ["-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-flush_packets", "1", "-f", "mp4"]
    return [[*_QUIET, *_pictures(size, rate), *colours, *options, *said, *fragments, f"file:{file}"]]


_QUIET = ["-loglevel", "error", "-y"]


def _pictures(size: tuple[int, int], rate: Fraction, pixels: str = "rgb24") -> list[str]:
    width, height = size
    raw = ["-f", "rawvideo", "-pix_fmt", pixels, "-video_size", f"{width}x{height}"]
    return [*raw, "-framerate", str(rate), "-i", "pipe:0"]


def _colours(before: Sequence[str] = (), threads: str | None = None) -> list[str]:
    """Colours that survive; `before` are filters that the pictures go through first.

    The matrix is that of BT.709, since players assume no other for large pictures; the curve is sRGB's, which is what
    the pictures have. Each colour of 2x2 pixels is their mean (flags=area), the nearest and the fastest.
    """
    colours = "scale=out_color_matrix=bt709:out_range=tv:flags=area,format=yuv420p"
    return [*_tagged([*before, colours]), "-filter_threads", threads or _threads()]


def _tagged(filters: Sequence[str]) -> list[str]:
    """Filters, and words for players about the colours that come out of them."""
    tags = "setparams=range=tv:color_primaries=bt709:color_trc=iec61966-2-1:colorspace=bt709"
    names = ["-color_range", "tv", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1", "-colorspace", "bt709"]
    return ["-vf", ",".join([*filters, tags]), *names]


def _mp4(crf: float) -> list[str]:
    """H.264 that every browser and player takes, with its index at the beginning of the file."""
    return [*_X264, "-crf", f"{crf:g}", "-threads", _threads(), "-movflags", "+faststart", "-f", "mp4"]


# Of a walking robot at 1280x720, per picture: superfast 13 ms and 92 kbit, without frames that are predicted from later
# ones (-bf 0) 11 ms and 118 kbit; ultrafast 9 ms and 188 kbit, veryfast 19 ms and 42 kbit.
_X264 = ["-c:v", "libx264", "-preset", "superfast", "-bf", "0"]


def _webm(crf: float) -> list[str]:
    """VP9 of constant quality (-b:v 0). Of a walking robot at 1280x720, "good" takes 4 times as long for 22 % less."""
    quality = ["-crf", str(round(crf * _VP9_PER_X264)), "-b:v", "0"]
    speed = ["-deadline", "realtime", "-cpu-used", "6", "-row-mt", "1", "-threads", _threads()]
    return ["-c:v", "libvpx-vp9", *quality, *speed, "-f", "webm"]


def _gif(pictures: list[str], file: Path) -> list[list[str]]:
    """A GIF that loops, of the 256 colours that fit all its pictures best.

    They are known only at the end, so the pictures are kept without loss meanwhile: on the disk, not in memory. Errors
    are spread by sierra2_4a: of a walking robot, 15 % smaller than with a Bayer pattern, and 1 % larger than without.
    """
    kept, palette = f"file:{file.with_suffix('.mkv')}", f"file:{file.with_suffix('.png')}"
    read = [*_QUIET, "-i", kept]
    keep = ["-c:v", "libx264rgb", "-preset", "ultrafast", "-qp", "0", "-threads", _threads()]
    use = "paletteuse=dither=sierra2_4a:diff_mode=rectangle"
    return [
        [*_QUIET, *pictures, *keep, "-f", "matroska", kept],
        [*read, "-vf", "palettegen", "-f", "image2", "-update", "1", palette],
        # As a pipe, since a "%" in its name would mean something else.
        [*read, "-f", "png_pipe", "-i", palette, "-lavfi", use, "-loop", "0", "-f", "gif", f"file:{file}"],
    ]


def _threads() -> str:
    return str(min(os.cpu_count() or 1, _MAX_THREADS))
