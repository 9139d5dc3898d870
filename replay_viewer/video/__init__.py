"""Films out of pictures: a streaming encoder with constant memory, on Python 3.8 and newer.

    writer     VideoWriter: a film, picture by picture
    save       save_video: the same of pictures that are there already
    images     pictures of whatever library and form as arrays of bytes
    encoder    the process of ffmpeg's that encodes
    kinds      what it is told to make an MP4, a WebM or a GIF

imageio-ffmpeg, which brings the encoder, is imported when it is needed.
"""

from .save import save_video
from .writer import VideoWriter

__all__ = ["VideoWriter", "save_video"]
