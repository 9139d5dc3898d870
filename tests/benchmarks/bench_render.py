"""Video frames per second of the rasteriser against those of `mujoco.Renderer` (EGL), of the same triangles.

1280x720, checker floor, one sun with shadows on floor and robot, four samples per pixel in both; the robots walk on the
spot, so that no two frames are equal. Each draws all frames in turn, in several rounds; what counts is the median of
their ratios with two workers. For Go2, then nine times the triangles (aim: below twice the time), and viser's
`get_render` of the same robot in a headless Chromium (aim: 20 times its rate).
Run: python tests/benchmarks/bench_render.py [--quick] [--robots Go2 G1 ...] [--pictures FOLDER]
Needs: pip install example-robot-data mujoco playwright, libEGL for mujoco, and Chromium.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("MUJOCO_GL", "egl")
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "helpers"), str(Path(__file__).resolve().parents[2])]

import numpy as np
import trimesh
from chromium_tabs import CHROMIUM_FLAGS, chromium_path
from PIL import Image
from playwright.sync_api import sync_playwright
from real_robots import robots_folder

from replay_viewer.camera.presets import CameraPose, look_from, viewing_distance
from replay_viewer.render.raster.renderer import RasterRenderer
from replay_viewer.render.raster.scene import RenderScene
from replay_viewer.replay.frames import EntityPoses, Frame
from replay_viewer.robot import Robot, load_robot
from replay_viewer.robot.link_scene import outward_faces

SIZE = (1280, 720)
# With the limits: how many times MuJoCo's rate two workers have.
ROBOTS = {
    "Go2": ("go2_description/urdf/go2.urdf", 9),
    "G1": ("g1_description/urdf/g1_29dof_rev_1_0.urdf", 14),
    "ANYmal C": ("anymal_c_simple_description/urdf/anymal.urdf", 8),
    "Talos": ("talos_data/robots/talos_full_v2.urdf", 7),
}
SWING = 0.25


class Walk:
    """A robot that walks on the spot: its frames and the camera that looks on."""

    def __init__(self, robot: Robot, count: int) -> None:
        self.robot = robot
        phases = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, None] + np.arange(robot.num_joints)
        joints = SWING * np.sin(phases)
        height = -float(robot.lowest_point(joints, np.zeros((count, 3)), np.tile([1.0, 0, 0, 0], (count, 1))).min())
        base = np.tile([0.0, 0.0, height], (count, 1))
        self.positions, self.wxyz = robot.forward_kinematics(joints, base, np.tile([1.0, 0, 0, 0], (count, 1)))
        self.frames = [self._frame(k) for k in range(count)]
        distance = viewing_distance(robot.radius, SIZE[0] / SIZE[1]) / 1.4
        self.camera = look_from(np.radians(-140), np.radians(18), base[0] * 0.85, distance)

    def _frame(self, k: int) -> Frame:
        poses = EntityPoses(self.positions[k : k + 1].astype(np.float32), self.wxyz[k : k + 1].astype(np.float32))
        return Frame(float(k), (0,), {"robot": poses}, np.zeros(1, bool), np.zeros(1, bool))


class Ours:
    """The rasteriser, with as many workers as asked for."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._scene = RenderScene({"robot": walk.robot})
        self._renderers = [RasterRenderer(self._scene, SIZE) for _ in range(2)]
        self.picture = self._renderers[0].render(walk.frames[0], walk.camera)

    def rate(self, workers: int) -> float:
        """Frames per second."""

        def work(which: int) -> None:
            for frame in self._walk.frames[which::workers]:
                self._renderers[which].render(frame, self._walk.camera)

        with ThreadPoolExecutor(workers) as pool:
            return len(self._walk.frames) / seconds(lambda: list(pool.map(work, range(workers))))


class Mujoco:
    """The same visuals, each a geom, moved by hand."""

    def __init__(self, walk: Walk) -> None:
        mujoco: Any = importlib.import_module("mujoco")
        self._walk = walk
        self._visuals = walk.robot.visuals
        model = self._model(mujoco)
        self._data = mujoco.MjData(model)
        mujoco.mj_forward(model, self._data)
        self._renderer = mujoco.Renderer(model, SIZE[1], SIZE[0])
        self._camera = self._look(mujoco, walk.camera)
        self._offsets = [self._offset(model, index) for index in range(len(self._visuals))]
        self._first = model.ngeom - len(self._visuals)
        self.picture = self._render(0)

    def _model(self, mujoco: Any) -> Any:
        spec = mujoco.MjSpec()
        spec.visual.global_.offwidth, spec.visual.global_.offheight = SIZE
        spec.visual.global_.fovy = float(np.degrees(self._walk.camera.fov))
        spec.visual.quality.shadowsize = 2048
        spec.add_texture(
            name="grid", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
            width=300, height=300, rgb1=[0.81, 0.82, 0.85], rgb2=[0.71, 0.74, 0.77],
        )  # fmt: skip
        spec.add_texture(
            name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
            width=512, height=512, rgb1=[0.77, 0.82, 0.87], rgb2=[0.93, 0.95, 0.96],
        )  # fmt: skip
        textures = [""] * int(mujoco.mjtTextureRole.mjNTEXROLE)
        textures[int(mujoco.mjtTextureRole.mjTEXROLE_RGB)] = "grid"
        spec.add_material(name="grid", textures=textures, texrepeat=[1, 1], texuniform=True)
        spec.worldbody.add_light(pos=[1.1, -1.5, 2.5], dir=[-0.36, 0.48, -0.8], type=1, castshadow=True)
        spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[20, 20, 0.1], material="grid")
        for index, visual in enumerate(self._visuals):
            vertices = trimesh.transform_points(visual.mesh.vertices, visual.origin)
            mesh = spec.add_mesh(name=f"m{index}", uservert=vertices.ravel(), userface=outward_faces(visual).ravel())
            mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
            spec.worldbody.add_geom(
                type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"m{index}", rgba=visual.rgba, contype=0, conaffinity=0
            )
        return spec.compile()

    def _offset(self, model: Any, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Where MuJoCo moved a mesh's centre to, and how it turned it."""
        mujoco: Any = importlib.import_module("mujoco")
        turn = np.zeros(9)
        mujoco.mju_quat2Mat(turn, model.mesh_quat[index])
        return model.mesh_pos[index].copy(), turn.reshape(3, 3)

    def _look(self, mujoco: Any, pose: CameraPose) -> Any:
        camera = mujoco.MjvCamera()
        camera.lookat = pose.look_at
        away = pose.look_at - pose.position
        camera.distance = float(np.linalg.norm(away))
        camera.azimuth = float(np.degrees(np.arctan2(away[1], away[0])))
        camera.elevation = float(np.degrees(np.arcsin(away[2] / camera.distance)))
        return camera

    def _render(self, k: int) -> np.ndarray:
        rotations = trimesh_matrices(self._walk.wxyz[k])
        for index, visual in enumerate(self._visuals):
            shift, turn = self._offsets[index]
            rotation = rotations[visual.link]
            self._data.geom_xpos[self._first + index] = self._walk.positions[k, visual.link] + rotation @ shift
            self._data.geom_xmat[self._first + index] = (rotation @ turn).ravel()
        self._renderer.update_scene(self._data, self._camera)
        return self._renderer.render()

    def rate(self) -> float:
        """Frames per second; its software driver takes all cores by itself."""
        return len(self._walk.frames) / seconds(lambda: [self._render(k) for k in range(len(self._walk.frames))])

    def close(self) -> None:
        # Before Python ends: by then EGL is gone, and both complain.
        self._renderer.close()


class Viser:
    """The robot as viser draws it, in a headless Chromium."""

    def __init__(self, walk: Walk, port: int = 8177) -> None:
        import viser

        self._walk = walk
        self._server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
        self._server.scene.add_grid("/ground", infinite_grid=True, plane_opacity=1.0, shadow_opacity=0.35)
        self._server.scene.configure_default_lights(cast_shadow=True)
        self._links = {}
        for link in range(walk.robot.num_bodies):
            mesh = walk.robot.link_mesh(link)
            if mesh is not None:
                glb: Any = mesh.export(file_type="glb")
                self._links[link] = self._server.scene.add_glb(f"/{link}", glb)
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        page = self._browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        page.goto(f"http://127.0.0.1:{self._server.get_port()}")
        while not self._server.get_clients():
            page.wait_for_timeout(100)
        page.wait_for_timeout(3000)  # Until it has loaded the meshes.
        self._page = page
        self._client = next(iter(self._server.get_clients().values()))
        self._pool = ThreadPoolExecutor(1)
        self.picture = self._render(0)

    def _render(self, k: int) -> np.ndarray:
        camera = self._walk.camera
        with self._server.atomic():
            for link, handle in self._links.items():
                handle.position, handle.wxyz = self._walk.positions[k, link], self._walk.wxyz[k, link]
        # The page needs playwright's thread to run meanwhile.
        drawn = self._pool.submit(
            self._client.get_render, SIZE[1], SIZE[0], position=camera.position, wxyz=_viser_wxyz(camera),
            fov=camera.fov, transport_format="jpeg",
        )  # fmt: skip
        while not drawn.done():
            self._page.wait_for_timeout(5)
        return drawn.result()

    def rate(self, count: int) -> float:
        """Frames per second."""
        return count / seconds(lambda: [self._render(k) for k in range(count)])

    def close(self) -> None:
        self._browser.close()
        self._playwright.stop()
        self._server.stop()


def _viser_wxyz(camera: CameraPose) -> np.ndarray:
    """Rotation of a camera that looks along z, x to the right, y down."""
    ahead = camera.look_at - camera.position
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, camera.up)
    right = right / np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([right, np.cross(ahead, right), ahead]).T
    return trimesh.transformations.quaternion_from_matrix(matrix)


def trimesh_matrices(wxyz: np.ndarray) -> np.ndarray:
    """Rotation matrices (L, 3, 3)."""
    return np.array([trimesh.transformations.quaternion_matrix(q)[:3, :3] for q in wxyz])


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def denser(robot: Robot) -> Robot:
    """The robot with each triangle cut into nine in the same place."""
    thick = load_robot(Path(str(robot.path)), [Path(str(robot.path)).parents[3]])
    loaded = thick._load()
    thick._loaded = replace(loaded, visuals=tuple(_cut(visual) for visual in loaded.visuals))
    return thick


def _cut(visual: Any) -> Any:
    corners = visual.mesh.triangles
    weights = [(i / 3, j / 3) for i in range(4) for j in range(4 - i)]
    number = {w: n for n, w in enumerate(weights)}
    points = np.stack([corners[:, 0] * (1 - a - b) + corners[:, 1] * a + corners[:, 2] * b for a, b in weights], axis=1)
    cells = []
    for i in range(3):
        for j in range(3 - i):
            at = [number[(i + di) / 3, (j + dj) / 3] for di, dj in ((0, 0), (1, 0), (0, 1))]
            cells.append(at)
            if i + j < 2:
                cells.append([number[(i + 1) / 3, j / 3], number[(i + 1) / 3, (j + 1) / 3], number[i / 3, (j + 1) / 3]])
    faces = np.array(cells)[None] + np.arange(len(corners))[:, None, None] * len(weights)
    mesh = trimesh.Trimesh(points.reshape(-1, 3), faces.reshape(-1, 3), process=False)
    return replace(visual, mesh=mesh, mesh_key=f"{visual.mesh_key} cut", normals=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--robots", nargs="+", choices=ROBOTS, default=list(ROBOTS))
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    count, rounds = (24, 3) if options.quick else (60, 5)
    for name in options.robots:
        file, limit = ROBOTS[name]
        urdf = robots_folder() / file
        walk = Walk(load_robot(urdf, [urdf.parents[len(Path(file).parts)]]), count)
        triangles = sum(len(visual.mesh.faces) for visual in walk.robot.visuals)
        print(f"{name}, {triangles} triangles, {SIZE[0]}x{SIZE[1]}, {count} frames, {os.cpu_count()} cores")
        pictures = compare(walk, rounds, limit)
        if name == "Go2":
            pictures.append(compare_with_viser(walk, 3 if options.quick else 8))
        if options.pictures:
            options.pictures.mkdir(parents=True, exist_ok=True)
            side_by_side = np.concatenate([picture[..., :3] for picture in pictures], axis=1)
            Image.fromarray(side_by_side).save(options.pictures / f"{name}.png")


def compare(walk: Walk, rounds: int, limit: float) -> list[np.ndarray]:
    """Print the rates of rounds in which each draws all frames, in turn; returns a picture of each."""
    ours, mujoco = Ours(walk), Mujoco(walk)
    rates = np.array([(mujoco.rate(), ours.rate(1), ours.rate(2)) for _ in range(rounds)])
    theirs, one, two = np.median(rates, axis=0)
    ratio = float(np.median(rates[:, 2] / rates[:, 0]))
    print(f"  mujoco.Renderer (EGL)   {theirs:6.1f} frames/s")
    print(f"  rasteriser, 1 worker    {one:6.1f} frames/s  {np.median(rates[:, 1] / rates[:, 0]):.2f}x MuJoCo's rate")
    print(
        f"  rasteriser, 2 workers   {two:6.1f} frames/s  {ratio:.2f}x MuJoCo's rate, "
        f"{'within' if ratio >= limit else 'BELOW'} {limit}; {two / one:.2f}x one worker (aim 1.7)",
        flush=True,
    )
    mujoco.close()
    return [ours.picture, mujoco.picture]


def compare_with_viser(walk: Walk, num_pictures: int) -> np.ndarray:
    """Print what nine times the triangles cost, and how fast viser draws the robot; returns its picture."""
    ours, dense = Ours(walk), Ours(Walk(denser(walk.robot), len(walk.frames)))
    times = [ours.rate(1) / dense.rate(1) for _ in range(3)]
    print(f"  with 9 times the triangles, 1 worker: {np.median(times):.2f}x the time (aim: below 2)")
    viser = Viser(walk)
    rate = viser.rate(num_pictures)
    print(f"  viser's get_render      {rate:6.1f} frames/s; 2 workers make {ours.rate(2) / rate:.0f}x that (aim 20)")
    viser.close()
    return viser.picture


if __name__ == "__main__":
    main()
