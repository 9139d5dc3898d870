"""The scene of a shared replay: robots, ground and light as viser's page takes them, standing still."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...replay.replay import Replay
from ...replay.take import Take
from ...replay.world import World
from ...rollout.episodes import Episode
from ...rollout.rollout import Rollout, Terrain
from ...rollout.states import FiniteStates
from ...theme import LIGHT
from ..browser.view import Subject
from ..scene import Scene
from ..session import Session
from ..wire.access import Access
from ..wire.server import close_server, open_server

# Of a terrain of more triangles, what is farther from all robots than this [m] is left out.
_MANY_TRIANGLES, _AROUND = 200_000, 12.0


@dataclass(frozen=True)
class StillScene:
    """A scene with nothing that moves in it yet.

    Attributes:
        page: viser's page with the scene in it.
        nodes: names of the scene's nodes, by entity and by index of the link.
        subject: what the camera looks at in the beginning.
    """

    page: str
    nodes: Mapping[str, Mapping[int, str]]
    subject: Subject


def still_scene(replay: Replay, episodes: Sequence[Episode]) -> StillScene:
    """The scene in which some episodes of a recording are played, as it is at the start of the first one.

    viser makes scenes in servers alone: one is open meanwhile, to this machine and with a token that nobody knows.
    """
    first = episodes[0]
    near = replace(replay, rollout=_near(replay.rollout, episodes))
    session = Session(World(Take(near, first.env_index)), first.first_step)
    subject = Subject(session.aim, session.size)
    server = open_server(Access.make("127.0.0.1", token=True), 0, "replay-viewer")
    try:
        server.gui.configure_theme(show_logo=False, show_share_button=False, brand_color=LIGHT.accent)
        scene = Scene(server, session.world)
        scene.show(session.frame, subject.origin)
        pose = subject.seen_from("follow", subject.origin)
        camera = server.initial_camera
        camera.position, camera.look_at, camera.fov = pose.position, pose.look_at, pose.fov
        return StillScene(server.get_scene_serializer().as_html(), scene.nodes, subject)
    finally:
        close_server(server)


def _near(rollout: Rollout, episodes: Sequence[Episode]) -> Rollout:
    """The rollout with that part of its terrain that is near the robots."""
    if rollout.terrain is None or len(rollout.terrain.triangles) <= _MANY_TRIANGLES:
        return rollout
    cut = copy.copy(rollout)
    cut.terrain = terrain_around(rollout.terrain, _places(rollout, episodes), _AROUND)
    return cut


def _places(rollout: Rollout, episodes: Sequence[Episode]) -> np.ndarray:
    """Where the entities are in the plane, (P, 2) [m]."""
    states = FiniteStates(rollout)
    found = []
    for episode in episodes:
        steps = slice(episode.first_step, episode.last_step + 1)
        for entity in rollout.entities:
            found.append(states.read(f"{entity}.base_pos", steps, [episode.env_index])[0][:, 0, :2])
    return np.concatenate(found)


def terrain_around(terrain: Terrain, places: np.ndarray, reach: float) -> Terrain:
    """The triangles of a terrain in squares of side `reach` [m] with one of the places (P, 2), and beside these."""
    squares = np.floor(places / reach).astype(np.int64)
    corners = terrain.vertices[terrain.triangles][..., :2]
    low = np.floor(corners.min(axis=1) / reach).astype(np.int64)
    high = np.floor(corners.max(axis=1) / reach).astype(np.int64)
    # Large triangles are few: they are kept wherever they are.
    is_kept = (high - low).max(axis=1, initial=0) > 1
    for x, y in np.unique(squares, axis=0).tolist():
        is_kept |= ((high >= (x - 1, y - 1)) & (low <= (x + 1, y + 1))).all(axis=1)
    triangles = terrain.triangles[is_kept]
    is_used = np.zeros(len(terrain.vertices), bool)
    is_used[triangles] = True
    return Terrain(terrain.vertices[is_used], (np.cumsum(is_used) - 1)[triangles])
