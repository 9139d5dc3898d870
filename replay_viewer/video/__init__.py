"""Films out of pictures: a streaming encoder with constant memory, on Python 3.8 and newer.

imageio-ffmpeg, which brings the encoder, is imported when it is needed.
"""

from .collect import collect_frames_from_env
from .probe import VideoFacts, probe_video, read_frames
from .save import save_video
from .writer import VideoWriter

__all__ = ["VideoFacts", "VideoWriter", "collect_frames_from_env", "probe_video", "read_frames", "save_video"]
