"""Takes in pictures: all robots of a world in one frame, as the rasteriser draws them.

The lead's entities have their own names; those of the others begin with their take's key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..replay.frames import Frame
from ..replay.take import Take
from ..replay.world import World
from ..robot import Robot
from ..robot.materials import linear_of_bytes
from ..theme import TAKE_OPACITY, Look
from .raster.placed_surfaces import Coat
from .raster.scene import RenderScene

# So much of their own colours is taken away from the others by their take's; what stays shows their shape.
_TINTED = 0.9


def scene_of(world: World, look: Look) -> RenderScene:
    """The robots of all takes, and the ground of the lead."""
    robots: dict[str, Robot] = dict(world.lead.replay.robots)
    robots.update({name: world.others[index].replay.robots[entity] for index, entity, name in _beside(world)})
    return RenderScene(robots, world.lead.replay.rollout.terrain, look)


def coats_of(world: World) -> dict[str, Coat]:
    """The colours of the others, by entity."""
    opacity = 1.0 if world.mode == "side" else TAKE_OPACITY
    coats = [Coat(_tint(take.tint), opacity) for take in world.others]
    return {name: coats[index] for index, _, name in _beside(world)}


def coated(coats: Mapping[str, Coat], tints: Mapping[str, np.ndarray]) -> dict[str, Coat]:
    """Coats with the tints (E, L, 4) that layers give links, by entity; links without one keep their coat's."""
    return {**coats, **{name: _over(coats.get(name, Coat()), own) for name, own in tints.items()}}


def frame_of(world: World, position: float, envs: Sequence[int]) -> Frame:
    """Some envs of the lead at a position of its own, and beside them the others at the same time."""
    frame = world.lead.replay.frames.frame_at(position, envs)
    if not world.others:
        return frame
    frames, entities = world.frames_beside(position), dict(frame.entities)
    for index, entity, name in _beside(world):
        poses, offset = frames[index].entities[entity], world.offsets[index].astype(np.float32)
        entities[name] = replace(poses, link_positions=poses.link_positions + offset)
    return replace(frame, entities=entities)


def frame_of_lead(world: World, frame: Frame) -> Frame:
    """What such a frame has of the lead."""
    if not world.others:
        return frame
    return replace(frame, entities={name: frame.entities[name] for name in world.lead.replay.robots})


def name_of(take: Take, entity: str) -> str:
    """What an entity of a take is called in a picture."""
    return f"{take.key}/{entity}" if take.key else entity


def _beside(world: World) -> Iterator[tuple[int, str, str]]:
    """Every entity of the others: the take's place among them, its name there, and its name in the picture."""
    for index, take in enumerate(world.others):
        for entity in take.replay.robots:
            yield index, entity, name_of(take, entity)


def _over(coat: Coat, tints: np.ndarray) -> Coat:
    return replace(coat, tints=tints if coat.tints is None else np.where(tints[..., 3:] > 0, tints, coat.tints))


def _tint(tint: tuple[int, int, int] | None) -> np.ndarray | None:
    return None if tint is None else np.append(linear_of_bytes()[np.asarray(tint)], np.float32(_TINTED))
