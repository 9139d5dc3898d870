"""Films of training runs whose every frame tells its number, and manifests that tell of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from replay_viewer.clip_record import ClipRecord, to_line

WIDTH, HEIGHT, FPS = 160, 96, 20.0
# The number of a frame, as black and white fields from the least bit on.
_BITS, _FIELD = 10, 16


def counted(number: int) -> np.ndarray:
    """The picture (H, W, 3) of uint8 with a number burnt in: its upper row of fields says it in bits."""
    picture = np.full((HEIGHT, WIDTH, 3), (60, 90, 140), np.uint8)
    for bit in range(_BITS):
        picture[:_FIELD, bit * _FIELD : (bit + 1) * _FIELD] = 255 if number >> bit & 1 else 0
    # Something that moves, for people.
    x = 8 + number * 2 % (WIDTH - 40)
    picture[40:72, x : x + 24] = (230, 150, 60)
    return picture


def number_in(picture: np.ndarray) -> int:
    """The number that a picture of a film has, of this size or another one."""
    height, width, _ = picture.shape
    xs = ((np.arange(_BITS) + 0.5) * _FIELD * width / WIDTH).astype(int)
    bits = picture[int(_FIELD * height / HEIGHT / 2), xs].mean(axis=1) > 127
    return int((bits << np.arange(_BITS)).sum())


def write_film(path: Path, num_frames: int, comment: str = "") -> Path:
    """A fragmented MP4 with a keyframe each 0.25 s, as those of training runs are."""
    import imageio_ffmpeg  # Not there on Python 3.8.

    arguments = [
        *[imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y"],
        *["-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(FPS)],
        *["-i", "pipe:0", "-c:v", "libx264", "-preset", "superfast", "-bf", "0", "-pix_fmt", "yuv420p"],
        *["-g", str(int(FPS / 4)), "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
        *["-metadata", f"comment={comment}", "-f", "mp4", f"file:{path}"],
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = b"".join(counted(number).tobytes() for number in range(num_frames))
    subprocess.run(arguments, input=pictures, check=True, timeout=60)
    return path


def film_record(clip: str, file: str | None, **facts: Any) -> ClipRecord:
    """A record of a complete camera film of the first episode of env 0."""
    usual: dict[str, Any] = {
        "kind": "camera",
        "camera": "robot-cam",
        "complete": True,
        "key": {"run": "r1", "env_id": 0, "episode_in_env": 0},
        "first_step": 0,
        "stride": 1,
        "fps": FPS,
        "size": (WIDTH, HEIGHT),
        "started": "2026-05-04T12:00:00.000Z",
        "ended": "2026-05-04T12:00:10.000Z",
    }
    return ClipRecord(clip=clip, file=file, **{**usual, **facts})


def add_lines(manifest: Path, *lines: ClipRecord | dict) -> Path:
    """Append lines to a manifest, which nobody holds."""
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with manifest.open("a") as file:
        for line in lines:
            file.write(to_line(line) if isinstance(line, ClipRecord) else json.dumps(line) + "\n")
    return manifest


class CountingCameras:
    """A vector of envs whose two cameras see the number of the episode times 100, and that of its frame."""

    def __init__(self, num_envs: int, episode_length: int) -> None:
        self.num_envs, self.metadata = num_envs, {"render_fps": FPS}
        self._length, self._episode, self._step = episode_length, 0, 0

    def reset(self, **_: Any) -> tuple[Any, dict]:
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, ...]:
        self._step += 1
        ended = self._step == self._length
        if ended:  # As vectors have it, what is seen belongs to the next episode.
            self._episode, self._step = self._episode + 1, 0
        no, yes = np.zeros(self.num_envs, bool), np.ones(self.num_envs, bool)
        return self._seen(), np.ones(self.num_envs), yes if ended else no, no, {}

    def close(self) -> None:
        """Nothing is open."""

    def _seen(self) -> Any:
        picture = counted(100 * self._episode + self._step)
        every = np.repeat(picture[None], self.num_envs, axis=0)
        return {"camera_obs": {"front": every, "wrist": every[:, :, ::-1]}}


def filmed_run(folder: Path, episodes: int = 3, length: int = 60, num_envs: int = 2) -> Path:
    """A recording of some steps [1/FPS s] and, in `videos` beside it, the films of both cameras of env 0.

    Returns the path of the recording. At step s of an episode, the camera's frame has the number s + 1.
    """
    from replay_viewer import EntitySpec, Recorder
    from replay_viewer.record.clips.cfg import VideoRecordingCfg
    from replay_viewer.record.clips.wrap import wrap_env_for_video

    cfg = VideoRecordingCfg(record_camera_video=True, video_base_dir=str(folder / "videos"), env_ids=[0])
    env = wrap_env_for_video(CountingCameras(num_envs, length), cfg)
    facts = {"env_ids": range(num_envs), "control_dt": 1 / FPS, "entities": [EntitySpec("robot")]}
    wxyz = np.tile([1.0, 0, 0, 0], (num_envs, 1))
    env.reset()
    with Recorder(folder / "run.rec", **facts) as recorder:
        for step in range(episodes * length):
            env.step(np.zeros(num_envs))
            pose = {"robot.base_pos": np.full((num_envs, 3), 0.01 * (step % length)), "robot.base_wxyz": wxyz}
            if step % length == length - 1:
                recorder.end_episodes(range(num_envs), "terminated", pose, lengths=[length] * num_envs)
            recorder.append(pose)
    env.close()
    return folder / "run.rec"
