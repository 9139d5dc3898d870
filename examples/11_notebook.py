"""The viewer in a notebook: as a file for Jupytext and VS Code, whose cells begin with `# %%`, and as a script.

On a machine of your own nothing has to be set up, nor where Jupyter has jupyter-server-proxy. Where the kernel is
elsewhere without it, forward the viewer's port too (`ssh -L 8080:localhost:8080 host`); VS Code does so by itself.
"""

# %%
from pathlib import Path

from replay_viewer import Viewer

# %% The bundled demo; put your own recording here. A notebook has no __file__, but runs beside it.
here = Path(__file__).parent if "__file__" in globals() else Path.cwd()
recording = here.parent / "assets" / "walk.rec"

# %% The page appears below the cell, and stays alive while the kernel runs; run again, the cell shows a new one.
viewer = Viewer(recording)
viewer.show(height=600)

# %% What is watched is at hand, too.
rollout = viewer.replay.rollout
falls = sum(e.outcome == "terminated" for env in range(rollout.num_envs) for e in rollout.episodes(env))
print(f"{rollout.num_envs} envs, {rollout.num_steps} steps, {falls} falls, at {viewer.url}")

# %%
viewer.close()
