"""Render the bundled demo: a video of an episode, a picture of its end, and a film of pictures of one's own.

None of it needs a display or a GPU. The files are kept in a temporary folder, and their names are printed. The same
from the command line, for a recording of yours:

    replay-viewer render run.rec falls.mp4 --where terminated --overlay rewards
    replay-viewer render run.rec fall.png --step 250 --camera side
    replay-viewer render runs/ --out videos/
"""

import tempfile
from pathlib import Path

import numpy as np

from replay_viewer import VideoWriter, open_replay, render_video

DEMO = Path(__file__).parents[1] / "assets" / "walk.rec"
SIZE = (320, 180)
MAP_SIZE, PIXELS_PER_METRE = 240, 16


def seen_from_above(positions: np.ndarray) -> np.ndarray:
    """A map (MAP_SIZE, MAP_SIZE, 3) around the origin with a square for each robot; positions: (num_robots, 2) [m]."""
    picture = np.full((MAP_SIZE, MAP_SIZE, 3), 30, np.uint8)
    pixels = np.rint(MAP_SIZE / 2 + PIXELS_PER_METRE * positions).astype(int)
    for x, y in np.clip(pixels, 3, MAP_SIZE - 4):
        picture[y - 3 : y + 4, x - 3 : x + 4] = 255
    return picture[::-1]  # Pictures begin at the top.


folder = tempfile.mkdtemp(prefix="films-")

# Each episode in which the first env's robot fell, and the moment in which it did; a GIF is for an issue or a slide.
render_video(DEMO, f"{folder}/fall.mp4", env=0, where="terminated", size=SIZE, fps=10, overlay="hud")
render_video(DEMO, f"{folder}/fall.gif", env=0, where="terminated", num_episodes=1, size=SIZE, fps=10)
replay = open_replay(DEMO)
rollout = replay.rollout
fall = next(episode for episode in rollout.episodes(0) if episode.outcome == "terminated")
render_video(DEMO, f"{folder}/fall.png", step=fall.last_step, size=SIZE, camera="side")

# For anything else: frames, which tell where every link is, pictures that you make of them, and a writer.
with VideoWriter(f"{folder}/map.mp4", size=(MAP_SIZE, MAP_SIZE), fps=1 / rollout.control_dt) as video:
    for step in range(200):
        frame = replay.frames.frame_at(step, envs=range(rollout.num_envs))
        video.append(seen_from_above(frame.entities["robot"].base_pos[:, :2]))
replay.close()
print("Made:", *sorted(str(path) for path in Path(folder).iterdir()), sep="\n")
