"""A robot: its links and joints at once, its meshes when they are first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import trimesh

from ..container.mesh_paths import find_file, package_of
from ..progress import Progress
from ..rollout.rollout import Verdict
from .kinematics import Kinematics
from .link_scene import link_scene
from .mesh_up import MeshUp
from .stance import Stance, poses_of
from .support import SupportPoints
from .tree import Joint, Tree, build_tree
from .urdf import Urdf, read_urdf
from .urdf_visuals import Shapes
from .urdf_xml import has_xacro
from .visuals import Geometry, LoadedVisuals, Visual, load_visuals, on_links

# What a robot is taken to measure when it has nothing to draw [m].
_DEFAULT_RADIUS = 0.5


class Robot:
    """Links, joints and what is drawn of them. Positions are metres, angles radians, quaternions wxyz.

    Attributes:
        name: what it calls itself.
        path: its URDF, or None.
        link_names: index 0 is the root, whose pose is the base pose; fixed links come last.
        num_bodies: how many of the links are the root or move.
        joint_names: movable joints that do not mimic another, in the URDF's order: D of them.
        joint_limits: (D, 2), infinite where there are none.
        joint_efforts: (D,) [N m or N], likewise.
        joint_speeds: (D,) [rad/s or m/s], the greatest, likewise.
        mimic_names: movable joints that follow others.
        joints: `joints[i]` leads to link i + 1.
    """

    def __init__(
        self,
        name: str,
        tree: Tree,
        geometries: Sequence[Geometry],
        path: Path | None = None,
        problems: Sequence[str] = (),
        load_collisions: Callable[[], Robot] | None = None,
        mesh_up: MeshUp | None = None,
    ) -> None:
        """Put a robot together.

        Args:
            name: what it calls itself.
            tree: its links and joints.
            geometries: what is drawn of it.
            path: its URDF.
            problems: what had to be left out so far, a sentence each.
            load_collisions: gives the same robot with its collision shapes as what is drawn.
            mesh_up: which way is up in meshes that may have Y up, where the user says it.
        """
        self.name = name
        self.path = path
        self.link_names = tree.link_names
        self.num_bodies = tree.num_bodies
        self.joint_names = tree.joint_names
        self.joint_limits = tree.joint_limits
        self.joint_efforts = tree.joint_efforts
        self.joint_speeds = tree.joint_speeds
        self.mimic_names = tree.mimic_names
        self.joints: tuple[Joint, ...] = tree.joints
        self._tree = tree
        self._geometries = tuple(geometries)
        self._problems = (*tree.problems, *problems)
        self._kinematics = Kinematics(tree)
        self._load_collisions = load_collisions
        self._mesh_up: MeshUp | None = mesh_up
        self._loading = threading.Lock()
        self._loaded: LoadedVisuals | None = None

    @property
    def num_joints(self) -> int:
        return len(self.joint_names)

    @property
    def num_links(self) -> int:
        return len(self.link_names)

    def body_of(self, link: int) -> int:
        """The moving link (or the root) that a link is part of."""
        return self._tree.body_of(link)[0]

    @property
    def visuals(self) -> tuple[Visual, ...]:
        """Everything that is drawn, on the links that move: what is fixed to one is drawn with it.

        The first call loads the meshes; calls from several threads load them once.
        """
        return self._load().visuals

    @property
    def problems(self) -> tuple[str, ...]:
        """What had to be left out, a sentence each; what is wrong with files is known once the meshes are loaded."""
        return (*self._problems, *((*self._loaded.lost, *self._loaded.looks) if self._loaded else ()))

    @property
    def is_whole(self) -> bool:
        """Whether all of it is drawn, if not all as it should look."""
        return not self._problems and not self._load().lost

    @property
    def mesh_verdicts(self) -> tuple[Verdict, ...]:
        """What was decided of its meshes as a whole: which way is up in them, and whether their size can be."""
        return self._load().verdicts

    def load_meshes(self, progress: Progress) -> None:
        """Load the meshes now, if they are not loaded yet. progress: called with how many of how many are."""
        self._load(progress)

    @property
    def has_collisions(self) -> bool:
        """Whether it has collision shapes of its own."""
        return self._load_collisions is not None

    @cached_property
    def collisions(self) -> Robot | None:
        """The same robot with its collision shapes as what is drawn; None where it has none.

        Raises FileProblem for shapes that cannot be read, or a URDF that is gone.
        """
        return None if self._load_collisions is None else self._load_collisions()

    def forward_kinematics(
        self,
        joint_pos: np.ndarray,
        base_pos: np.ndarray | None = None,
        base_wxyz: np.ndarray | None = None,
        *,
        bodies_only: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions (*batch, L, 3) and quaternions (*batch, L, 4) of all links; see `Kinematics.forward`.

        With `bodies_only` of the first `num_bodies` links, which are all that anything is drawn on.
        """
        return self._kinematics.forward(joint_pos, base_pos, base_wxyz, bodies_only=bodies_only)

    def lowest_point(self, joint_pos: np.ndarray, base_pos: np.ndarray, base_wxyz: np.ndarray) -> np.ndarray:
        """Height [m], (*batch,), of the lowest point of what is drawn; of the lowest link if nothing is.

        Takes what `forward_kinematics` takes. Round surfaces are known to a few percent of their radius.
        """
        positions, wxyz = self.forward_kinematics(joint_pos, base_pos, base_wxyz)
        if not self.visuals:
            return positions[..., 2].min(axis=-1)
        batch, links = positions.shape[:-2], self.num_links
        lowest = self._support.lowest(positions.reshape(-1, links, 3), wxyz.reshape(-1, links, 4))
        return lowest.reshape(batch)

    @cached_property
    def radius(self) -> float:
        """Distance [m] from the base to the farthest point of what is drawn, in the zero pose."""
        if not self.visuals:
            return _DEFAULT_RADIUS
        return self._support.farthest(*self.forward_kinematics(np.zeros(self.num_joints)))

    def link_mesh(self, link: int) -> trimesh.Scene | None:
        """What is drawn with a link, in link coordinates, for `export(file_type="glb")`; None if nothing is.

        Links that are fixed to another are drawn with that one, so only the first `num_bodies` links have a mesh.
        Parts of one colour are merged; colours are linear, as glTF has them.
        """
        visuals = [visual for visual in self.visuals if visual.link == link]
        return link_scene(visuals) if visuals else None

    @cached_property
    def _support(self) -> SupportPoints:
        return SupportPoints(self.visuals)

    def _load(self, progress: Progress | None = None) -> LoadedVisuals:
        with self._loading:
            if self._loaded is None:
                positions, wxyz = self.forward_kinematics(np.zeros(self.num_joints))
                stance = Stance(self.name, self._tree, poses_of(positions, wxyz))
                self._loaded = load_visuals(self._geometries, stance, self._mesh_up, progress)
            return self._loaded


def load_robot(
    path: Path,
    package_dirs: Sequence[Path] = (),
    inside: Path | None = None,
    shapes: Shapes = "visual",
    mesh_up: MeshUp | None = None,
) -> Robot:
    """The robot that a URDF describes. Meshes are looked for now and loaded when they are first needed.

    Args:
        path: the URDF.
        package_dirs: folders in which `package://` names are looked up, before the URDF's parents.
        inside: of a URDF that came with a recording, the folder that its meshes must lie in, if not in `package_dirs`.
        shapes: what is drawn of it.
        mesh_up: which way is up in meshes of glTF and COLLADA, which may have Y up: "y" turns them to Z, "z" does not.
            None for what the links' meeting tells, see `mesh_up`.

    Raises:
        FileProblem: if the file cannot be read or does not describe one tree of links and joints. Meshes that are
            missing or broken are named in the robot's `problems` instead.
    """
    urdf = read_urdf(path, shapes)
    tree = build_tree(urdf.robot, path)
    geometries, lost = _find_meshes(urdf, tree, lambda uri: find_file(uri, path, package_dirs, inside))
    problems = [_not_found(uri, links, inside) for uri, links in lost.items()]
    collisions = partial(load_robot, path, package_dirs, inside, "collision", mesh_up) if urdf.has_collisions else None
    return Robot(urdf.robot.name, tree, geometries, path, (*urdf.problems, *problems), collisions, mesh_up)


def _find_meshes(
    urdf: Urdf, tree: Tree, find: Callable[[str], Path | None]
) -> tuple[list[Geometry], dict[str, list[str]]]:
    """The URDF's visuals with the files of their meshes, and the links of each mesh that is not found."""
    geometries: list[Geometry] = []
    lost: dict[str, list[str]] = {}
    for visual in urdf.visuals:
        shape = find(visual.shape) if isinstance(visual.shape, str) else visual.shape
        if shape is None:
            lost.setdefault(str(visual.shape), []).append(visual.link)
        else:
            body, pose = tree.body_of(tree.index_of[visual.link])
            texture = None if visual.texture is None else find(visual.texture) or visual.texture
            place = pose @ visual.origin
            geometries.append(Geometry(body, shape, place, visual.rgba, visual.link, texture, visual.undefined))
    return geometries, lost


def _not_found(uri: str, links: Sequence[str], inside: Path | None) -> str:
    package = package_of(uri)
    advice = f" Name the folder of package '{package}' with --package-dir." if package else ""
    if has_xacro(uri):
        advice = f" The name has xacro in it: convert the URDF (xacro robot.urdf.xacro > robot.urdf).{advice}"
    if uri.lower().startswith(("http://", "https://")):
        advice = " Download it, and name the file."
    where = "found" if inside is None else "in the recording"
    return f"Mesh '{uri}' is not {where}.{advice} Left out on {on_links(links)}."
