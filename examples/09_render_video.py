"""Render the bundled demo: a video of an episode, a picture of its end, and a film of one's own, frame by frame.

None of it needs a display or a GPU. The same from the command line, for a recording of yours:

    replay-viewer render run.rec falls.mp4 --where terminated --overlay rewards
    replay-viewer render run.rec fall.png --step 250 --camera side
    replay-viewer render runs/ --out videos/
"""

import tempfile
from pathlib import Path

from replay_viewer import VideoWriter, open_replay, render_video
from replay_viewer.camera import Orbit
from replay_viewer.camera.presets import look_from
from replay_viewer.paths import asset
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene

SIZE = (320, 180)
demo = asset("walk.rec")

with tempfile.TemporaryDirectory() as folder:
    # Each episode in which the first env's robot fell, and the moment in which it did.
    render_video(demo, f"{folder}/fall.mp4", env=0, where="terminated", size=SIZE, fps=10, overlay="hud", tell=print)
    replay = open_replay(demo)
    fall = next(episode for episode in replay.rollout.episodes(0) if episode.outcome == "terminated")
    camera = Orbit(azimuth_degrees=-60, elevation_degrees=10)
    render_video(demo, f"{folder}/fall.png", step=fall.last_step, size=SIZE, camera=camera, tell=print)

    # For anything else: frames, a camera for each, a renderer and a writer.
    renderer = RasterRenderer(RenderScene(replay.robots), SIZE)
    with VideoWriter(f"{folder}/around.mp4", size=SIZE, fps=10) as video:
        for turn in range(20):
            frame = replay.frames.frame_at(100, envs=[0])
            base = frame.entities["robot"].base_pos[0]
            video.append(renderer.render(frame, look_from(0.3 * turn, 0.4, base, distance=2.0)))
    replay.close()
    print(*sorted(path.name for path in Path(folder).iterdir()))
