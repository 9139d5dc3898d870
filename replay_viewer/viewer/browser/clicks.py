"""A click on a robot of the crowd selects its env."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..crowd import Crowd
from ..session import Session
from ..wire.page import Page
from .browsers import Browsers
from .shared_time import SharedTime


class Clicks:
    """Listens for clicks in the 3D view while there is a crowd to click on: they change the mouse pointer there.

    A drag is none: the page tells them apart.
    """

    def __init__(self, page: Page, session: Session, browsers: Browsers, crowd: Crowd, shared_time: SharedTime) -> None:
        self._page, self._scene = page, page.server.scene
        self._session, self._browsers, self._crowd = session, browsers, crowd
        self._select_env = shared_time.told_of(lambda env_id, _: session.select_env(env_id))
        self._listens = False

    def listen(self, listens: bool) -> None:
        """Take clicks, or no longer."""
        if listens == self._listens:
            return
        self._listens = listens
        if listens:
            self._scene.on_click()(cast(Any, self._post))
        else:
            self._scene.remove_click_callback(cast(Any, self._post))

    async def _post(self, event: Any) -> None:
        self._page.post(self.select, event.client_id, event.ray_origin, event.ray_direction)

    def select(self, client_id: int, origin: Any, direction: Any) -> None:
        """Watch the env whose robot a ray of a browser hits, from a point in that browser's space; else nothing."""

        def select(ray: np.ndarray) -> None:
            env = self._crowd.pick(ray[0], ray[1])
            if env is not None and env != self._session.env_index:
                self._select_env(self._session.replay.rollout.env_ids[env], client_id)

        self.along(client_id, [origin, direction], select)

    def along(self, client_id: int, value: Any, run: Callable[[np.ndarray], object]) -> None:
        """Do something with a browser's ray, [origin, direction] in its own space, as one (2, 3) of the world."""
        view = self._browsers.views.get(client_id)
        ray = ray_of(*value) if isinstance(value, list) and len(value) == 2 else None
        if view is not None and ray is not None:
            run(ray + np.stack([view.origin(self._browsers.subject), np.zeros(3)]))


def ray_of(origin: Any, direction: Any) -> np.ndarray | None:
    """A ray's origin and direction (2, 3), or None: what a browser sends may be anything."""
    try:
        ray = np.array([origin, direction], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    is_ray = ray.shape == (2, 3) and np.isfinite(ray).all() and np.linalg.norm(ray[1]) > 0
    return ray if is_ray else None
