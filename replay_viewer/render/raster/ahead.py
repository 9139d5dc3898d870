"""The largest loop, which takes longer to compile than all others: the first time another process does it meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

from ..threads import num_processors
from .kernels.compiled import await_maker, can_be_kept, is_kept
from .kernels.shading import shade

_COMMAND = f"from {__name__} import draw_nothing; draw_nothing()"


@cache
def compile_ahead() -> None:
    """Begin, where nothing is kept of the loop yet; what calls it first waits for it."""
    if is_kept(shade) or not can_be_kept(shade) or num_processors() < 2 or not sys.executable:
        return
    # Modules are found where this process finds them.
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    silent = subprocess.DEVNULL
    try:
        maker = subprocess.Popen([sys.executable, "-c", _COMMAND], stdin=silent, stdout=silent, stderr=silent, env=here)
    except OSError:  # No more processes: it is compiled here.
        return
    await_maker(shade, maker)


def draw_nothing() -> None:
    """What the other process does: a picture in which no robot is, for which few other loops are needed."""
    import numpy as np

    from ...camera.presets import look_from
    from ...replay.frames import Frame
    from .renderer import RasterRenderer
    from .scene import RenderScene

    none = np.zeros(1, bool)
    camera = look_from(0.0, 0.5, np.zeros(3), 2.0)
    RasterRenderer(RenderScene({}), (16, 16)).render(Frame(0.0, (0,), {}, none, none), camera)
