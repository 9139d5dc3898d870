"""Each browser's own view: its camera, whether its world follows the robot, its shadows, light or dark."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import viser

from ...camera import Aim, Carried, Free, KeepAll
from ...camera.framing import distant_view, framing_view, middle_of
from ...camera.presets import FOV, CameraPose, preset
from ...theme import LIGHT
from ..land import cast_shadows
from ..scene import WORLD
from ..wire.page import notify
from ..wire.server import move_camera, move_node
from .camera import OddCamera, browser_pose
from .memory import ViewMemory

# An orbit camera cannot look along its own axis; this tilt [m per m of distance] is not visible.
_OFF_AXIS = 1e-3
# So much farther off than it has to be it goes where one is out of the picture, and then stays for so long [s].
_SPARE, _REST = 1.3, 0.6
# Cameras nearer to each other than this part of their distance from what they look at are at the same place.
_NEARLY = 0.01


@dataclass(frozen=True)
class Subject:
    """What cameras look at: the smoothed base of a robot. size: its radius [m]."""

    aim: Aim
    size: float

    @property
    def origin(self) -> np.ndarray:
        """The world point (3,) [m] that followers have in the middle of their space: below the aim, at height 0."""
        return self.aim.position * (1.0, 1.0, 0.0)

    def seen_from(self, name: str, origin: np.ndarray, aspect: float = 1.0) -> CameraPose:
        """A camera preset, in the space of a browser that has the world point `origin` in its middle."""
        pose = preset(name, self.aim.position, self.aim.heading, self.size, aspect)
        distance = float(np.linalg.norm(pose.position - pose.look_at))
        off_axis = pose.up * _OFF_AXIS * distance if abs(pose.up[2]) < 0.5 else np.zeros(3)
        return pose._replace(position=pose.position - origin - off_axis, look_at=pose.look_at - origin)


class BrowserView:
    """One browser's view.

    The server's world frame follows the robot (see `Scene`). A browser that does not follow has a world frame of its
    own in its place, which stays where it was when following ended.

    Attributes:
        look: light or dark, as the page says that it is.
    """

    def __init__(self, client: viser.ClientHandle, *, shadows: bool) -> None:
        """shadows: whether the light casts shadows at first."""
        self.client = client
        self.look = LIGHT
        self._shadows = self._usual_shadows = shadows
        self._still_world: viser.FrameHandle | None = None
        self._keeps_all, self._moved_at = False, 0.0
        self._stepped_back: tuple[CameraPose, CameraPose] | None = None  # From where, and to where.

    @property
    def state(self) -> dict[str, bool]:
        """What the page's buttons show."""
        return {"following": self._still_world is None, "keepsAll": self._keeps_all, "shadows": self._shadows}

    @property
    def keeps_all(self) -> bool:
        """Whether it goes along with the middle of all that is shown, and away from it until all are in the picture."""
        return self._keeps_all

    def camera(self) -> Carried | Free | KeepAll:
        """This browser's camera, for a film: it goes along with what the browser's does. Raises OddCamera."""
        pose = browser_pose(self.client.camera)
        if self._keeps_all:
            return _keeping_all(pose)
        return Carried(pose) if self._still_world is None else Free(_moved(pose, -self._still_world.position))

    def camera_now(self, subject: Subject) -> CameraPose:
        """Where this browser's camera is in the world. Raises OddCamera."""
        return _moved(browser_pose(self.client.camera), self.origin(subject))

    def look_from(self, name: str, subject: Subject) -> None:
        """Put the camera on a preset; orbiting goes on from there."""
        self._take(subject.seen_from(name, self.origin(subject), self._aspect()), 1.0)

    def stand_at(self, position: np.ndarray, look_at: np.ndarray, subject: Subject) -> None:
        """Let go of the robot, and look from a point (3,) [m] of the world at another; orbiting goes on from there."""
        if self._still_world is None:
            self._stand_still(-subject.origin)
        origin, away = self.origin(subject), position - look_at
        distance = float(np.linalg.norm(away))
        if np.linalg.norm(away[:2]) < _OFF_AXIS * distance:  # Straight down, as on a map: x to the right.
            position = position - (0.0, _OFF_AXIS * distance, 0.0)
        self._take(CameraPose(position - origin, look_at - origin, np.array([0.0, 0.0, 1.0]), FOV), 1.0)

    def step_back(self, points: np.ndarray, subject: Subject) -> None:
        """Move the camera away from what it looks at, until points (K, 3) [m] of the world are in the picture too."""
        near = browser_pose(self.client.camera)
        far = distant_view(near, points - self.origin(subject), self._aspect())
        if far is not None:
            self._stepped_back = near, far
            self._take(far, 1.0)

    def orbit_around(self, place: np.ndarray, subject: Subject) -> None:
        """Have the camera turn about a point (3,) [m] of the world, which it sees from where it saw the one before."""
        pose = browser_pose(self.client.camera)
        self._take(_moved(pose, place - self.origin(subject) - pose.look_at), 1.0)

    def frame(self, points: np.ndarray, subject: Subject) -> None:
        """Move the camera, in its direction, until points (K, 3) [m] of the world fill the picture."""
        pose = browser_pose(self.client.camera)
        self._take(framing_view(pose, points - self.origin(subject), self._aspect(), 2 * subject.size), 1.0)

    def toggle_keep_all(self, points: np.ndarray, subject: Subject) -> None:
        """Go along with all that is shown, now at points (K, 3) [m] of the world, or with the robot again."""
        if self._keeps_all:
            self.toggle_follow(subject)
        else:
            self._keep_all(points)
            pose = browser_pose(self.client.camera)
            self._take(framing_view(pose, self._own(points), self._aspect(), 2 * subject.size), 1.0)

    def keep_all(self, points: np.ndarray) -> None:
        """Bring the world to where all are in the middle; where one is out of the picture, step back, now and then."""
        assert self._still_world is not None, "it keeps all in view"
        move_node(self._still_world, (-middle_of(points) * (1.0, 1.0, 0.0)).tolist(), [1.0, 0.0, 0.0, 0.0])
        if time.monotonic() - self._moved_at < _REST:
            return  # What the browser says of its camera comes later than that.
        try:
            pose = browser_pose(self.client.camera)
        except OddCamera:
            return
        far = framing_view(pose, self._own(points), self._aspect(), 0.1)
        away, needed = pose.position - pose.look_at, float(np.linalg.norm(far.position - far.look_at))
        distance = float(np.linalg.norm(away))
        if needed > distance:
            self._moved_at = time.monotonic()
            self._take(pose._replace(position=pose.look_at + _SPARE * needed / distance * away), 1.0)

    def come_back(self) -> None:
        """Undo `step_back`, if the camera was not moved since."""
        if self._stepped_back is None:
            return
        (near, far), self._stepped_back = self._stepped_back, None
        if _is_at(browser_pose(self.client.camera), far):
            self._take(near, 1.0)

    def toggle_follow(self, subject: Subject) -> None:
        """Let go of the robot where it is, or take it to the middle of the picture again, in the same direction."""
        if self._still_world is None:
            self._stand_still(-subject.origin)
        else:
            self._keeps_all = False
            self._stand_still(None)
            self._aim_at(subject.aim.position - subject.origin)

    def restore(self, memory: ViewMemory, subject: Subject) -> None:
        """Go back to the view that the browser had."""
        if memory.shadows is not None and memory.shadows != self._shadows:
            self.toggle_shadows()
        if memory.camera is not None:
            self.place(memory.camera, memory.world, memory.keeps_all, subject, subject.size)

    def place(
        self, pose: CameraPose, world: np.ndarray | None, keeps_all: bool, subject: Subject, unit: float = 1.0
    ) -> None:
        """Put the camera on a pose.

        Args:
            pose: in the browser's space, in units.
            world: where that space's world stands still (3,) [m]; None where it follows the robot.
            keeps_all: whether it goes along with all that is shown instead.
            subject: what cameras look at.
            unit: of the pose [m].
        """
        self._keeps_all = keeps_all
        self._stand_still(-subject.origin if keeps_all else world)
        self._take(pose, unit)

    def reset(self, subject: Subject) -> None:
        """Go to the view that a new browser has."""
        if self._shadows != self._usual_shadows:
            self.toggle_shadows()
        self._keeps_all = False
        self._stand_still(None)
        self.look_from("follow", subject)

    def close(self) -> None:
        """Take away what is this browser's own in the scene."""
        self._stand_still(None)

    def notify(self, title: str, problem: str) -> None:
        """Tell this browser of a problem."""
        notify(self.client, title, problem)

    def toggle_shadows(self) -> None:
        """Cast shadows or not; a machine without a GPU draws faster without."""
        self._shadows = not self._shadows
        cast_shadows(self.client.scene, self._shadows)

    def _keep_all(self, points: np.ndarray) -> None:
        self._keeps_all = True
        self._stand_still(-middle_of(points) * (1.0, 1.0, 0.0))

    def _own(self, points: np.ndarray) -> np.ndarray:
        """Points (K, 3) [m] of the world in this browser's space, of a world of its own."""
        return points - middle_of(points) * (1.0, 1.0, 0.0)

    def _stand_still(self, world: np.ndarray | None) -> None:
        """Give this browser a world at (3,) [m] that stays there, or with None the one that follows the robot."""
        if self._still_world is not None:
            self._still_world.remove()
        scene = self.client.scene
        self._still_world = None if world is None else scene.add_frame(WORLD, show_axes=False, position=world)

    def _take(self, pose: CameraPose, unit: float) -> None:
        """Put the camera on a pose whose lengths are in units [m]."""
        move_camera(self.client, (pose.position * unit).tolist(), (pose.look_at * unit).tolist(), pose.fov)

    def origin(self, subject: Subject) -> np.ndarray:
        """The world point (3,) [m] in the middle of this browser's space."""
        return subject.origin if self._still_world is None else -self._still_world.position

    def _aspect(self) -> float:
        """Width of the browser's picture over its height; 1 where it has no size."""
        width, height = self.client.camera.image_width, self.client.camera.image_height
        return width / height if width > 0 and height > 0 else 1.0

    def _aim_at(self, target: np.ndarray) -> None:
        camera = self.client.camera
        view = camera.position - camera.look_at
        if not np.isfinite(view).all():
            return  # What a browser says of its camera may be anything.
        with self.client.atomic():
            camera.position = target + view
            camera.look_at = target


def _keeping_all(pose: CameraPose) -> KeepAll:
    """What sees all from the same direction, and from as far off where that is enough."""
    x, y, z = (pose.position - pose.look_at).tolist()
    azimuth, elevation = math.atan2(y, x), math.atan2(z, math.hypot(x, y))
    return KeepAll(math.degrees(azimuth), math.degrees(elevation), math.hypot(x, y, z), in_world=True)


def _is_at(pose: CameraPose, other: CameraPose) -> bool:
    """Whether both see the same, as far as a person can tell."""
    nearly = _NEARLY * float(np.linalg.norm(other.position - other.look_at))
    return np.allclose(pose.position, other.position, 0, nearly) and np.allclose(pose.look_at, other.look_at, 0, nearly)


def _moved(pose: CameraPose, offset: np.ndarray) -> CameraPose:
    return pose._replace(position=pose.position + offset, look_at=pose.look_at + offset)
