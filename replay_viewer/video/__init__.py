"""Films out of pictures: a streaming encoder with constant memory, on Python 3.8 and newer.

imageio-ffmpeg, which brings the encoder, is imported when it is needed.
"""

from .probe import VideoFacts, probe_video, read_frames
from .save import save_video
from .writer import VideoWriter

__all__ = ["VideoFacts", "VideoWriter", "probe_video", "read_frames", "save_video"]
