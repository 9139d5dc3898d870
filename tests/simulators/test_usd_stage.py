"""Robots and ground of USD stages, made with the real USD, become URDFs and meshes that agree with the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
import yourdfpy
from needs_simulator import simulator

from replay_viewer.record.adapters.usd.ground import ground_of, standing_in
from replay_viewer.record.adapters.usd.stage import find_prim
from replay_viewer.record.adapters.usd.urdf import export_urdf

simulator("pxr")
from pxr import Usd  # type: ignore[import-not-found]  # noqa: E402

# An arm in two envs: a base that is scaled by two, an upper arm whose joint is off its origin, turned and counted from
# the child, a hand that slides. Its shapes: a capsule along x, a cone along y, a mesh of two materials.
ARM = """#usda 1.0
(
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "World"
{
    def Xform "envs"
    {
        def Xform "env_0"
        {
            def Xform "Arm"
            {
                double3 xformOp:translate = (3, 4, 5)
                float3 xformOp:scale = (2, 2, 2)
                uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]

                def Xform "base" (apiSchemas = ["PhysicsRigidBodyAPI"])
                {
                    def Capsule "shape"
                    {
                        uniform token axis = "X"
                        double radius = 0.1
                        double height = 1
                        color3f[] primvars:displayColor = [(1, 0.2140411, 0)]
                    }
                    def Sphere "hull" (apiSchemas = ["PhysicsCollisionAPI"])
                    {
                        uniform token purpose = "guide"
                        double radius = 9
                    }
                    def Sphere "unseen"
                    {
                        token visibility = "invisible"
                        double radius = 9
                    }
                }

                def Xform "upper" (apiSchemas = ["PhysicsRigidBodyAPI"])
                {
                    double3 xformOp:translate = (0, 0, 0.5)
                    uniform token[] xformOpOrder = ["xformOp:translate"]

                    def Cone "shape"
                    {
                        uniform token axis = "Y"
                        double radius = 0.1
                        double height = 0.4
                    }
                }

                def Xform "hand" (apiSchemas = ["PhysicsRigidBodyAPI"])
                {
                    double3 xformOp:translate = (0.5, 0, 0.5)
                    uniform token[] xformOpOrder = ["xformOp:translate"]

                    def Mesh "shape"
                    {
                        uniform token orientation = "leftHanded"
                        int[] faceVertexCounts = [3, 4]
                        int[] faceVertexIndices = [0, 1, 2, 1, 3, 4, 2]
                        point3f[] points = [(0, 0, 0), (0, 0.1, 0), (0.1, 0, 0), (0.1, 0.2, 0), (0.2, 0, 0)]
                        texCoord2f[] primvars:st = [(0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)] (
                            interpolation = "vertex"
                        )
                        rel material:binding = </World/skin>

                        def GeomSubset "red"
                        {
                            uniform token elementType = "face"
                            uniform token familyName = "materialBind"
                            int[] indices = [1]
                            rel material:binding = </World/red>
                        }
                    }
                }

                def PhysicsRevoluteJoint "shoulder"
                {
                    uniform token physics:axis = "Y"
                    rel physics:body0 = </World/envs/env_0/Arm/upper>
                    rel physics:body1 = </World/envs/env_0/Arm/base>
                    point3f physics:localPos0 = (0, 0, -0.25)
                    point3f physics:localPos1 = (0, 0, 0.25)
                    quatf physics:localRot0 = (0.70710678, 0.70710678, 0, 0)
                    quatf physics:localRot1 = (0.70710678, 0.70710678, 0, 0)
                    float physics:lowerLimit = -90
                    float physics:upperLimit = 45
                }

                def PhysicsPrismaticJoint "slide"
                {
                    uniform token physics:axis = "X"
                    rel physics:body0 = </World/envs/env_0/Arm/upper>
                    rel physics:body1 = </World/envs/env_0/Arm/hand>
                    point3f physics:localPos0 = (0.5, 0, 0)
                }

                def PhysicsFixedJoint "to_world"
                {
                    rel physics:body1 = </World/envs/env_0/Arm/base>
                }
            }

            def Cube "Table"
            {
                double size = 1
                double3 xformOp:translate = (0, 0, 0.5)
                uniform token[] xformOpOrder = ["xformOp:translate"]
            }
        }
    }

    def Xform "ground"
    {
        def Mesh "mesh" (apiSchemas = ["PhysicsCollisionAPI"])
        {
            int[] faceVertexCounts = [4]
            int[] faceVertexIndices = [0, 1, 2, 3]
            point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, HEIGHT), (0, 1, 0)]
            double3 xformOp:translate = (10, 0, 0)
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }
    }

    def Material "red"
    {
        token outputs:surface.connect = </World/red/shader.outputs:surface>
        def Shader "shader"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor = (1, 0, 0)
            float inputs:opacity = 0.5
            token outputs:surface
        }
    }

    def Material "skin"
    {
        token outputs:surface.connect = </World/skin/shader.outputs:surface>
        def Shader "shader"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </World/skin/texture.outputs:rgb>
            token outputs:surface
        }
        def Shader "texture"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @TEXTURE@
            float3 outputs:rgb
        }
    }
}
"""


def stage_of(folder: Path, height: float = 0.5, texture: str = "./skin.png") -> Any:
    (folder / "skin.png").write_bytes(b"the bytes of a picture")
    path = folder / "arm.usda"
    path.write_text(ARM.replace("HEIGHT", str(height)).replace("TEXTURE", texture))
    return Usd.Stage.Open(str(path))


def exported(folder: Path, **options: Any) -> Any:
    stage = stage_of(folder, **options)
    prim = find_prim(stage, "/World/envs/env_[^/]+/Arm", env_id=3)
    return export_urdf(prim, folder / "out", "arm", root_name="base")


def vertices(robot: Any, folder: Path, link: str, number: int = 0) -> np.ndarray:
    """Of a visual, in its link."""
    mesh = robot.link_map[link].visuals[number].geometry.mesh.filename
    return np.asarray(trimesh.load_mesh(folder / mesh, process=False).vertices)


def load(urdf: Path) -> Any:
    return yourdfpy.URDF.load(str(urdf), load_meshes=False)


def test_links_move_as_the_stages_joints_say(tmp_path: Path) -> None:
    robot = load(exported(tmp_path).urdf)
    angle, slide = 0.3, 0.1
    robot.update_cfg({"shoulder": angle, "slide": slide})
    # The joint is half a metre above the base and turns about z, which is the joint's y; seen from its child.
    turn = trimesh.transformations.rotation_matrix(-angle, [0, 0, 1], [0, 0, 0.5])
    upper = turn @ trimesh.transformations.translation_matrix([0, 0, 1.0])
    np.testing.assert_allclose(robot.get_transform("upper", "base"), upper, atol=1e-6)
    hand = upper @ trimesh.transformations.translation_matrix([1.0 + slide, 0, 0])
    np.testing.assert_allclose(robot.get_transform("hand", "base"), hand, atol=1e-6)
    shoulder = robot.joint_map["shoulder"]
    assert (shoulder.type, shoulder.limit.lower, shoulder.limit.upper) == (
        "revolute",
        pytest.approx(-np.pi / 2),
        pytest.approx(np.pi / 4),
    )


def test_primitives_lie_along_their_axes_in_the_scale_of_the_stage(tmp_path: Path) -> None:
    out = exported(tmp_path)
    robot, folder = load(out.urdf), out.urdf.parent
    assert len(robot.link_map["base"].visuals) == 1  # Neither the hull nor what is invisible.
    capsule, cone = vertices(robot, folder, "base"), vertices(robot, folder, "upper")
    np.testing.assert_allclose(np.ptp(capsule, axis=0), [2.4, 0.4, 0.4], atol=1e-6)
    np.testing.assert_allclose(np.ptp(cone, axis=0), [0.4, 0.8, 0.4], atol=1e-6)
    assert np.ptp(cone[cone[:, 1] > 0.39][:, [0, 2]], axis=0).max() < 1e-6  # The tip is at +y.


def test_colors_textures_and_faces_of_several_materials_are_kept(tmp_path: Path) -> None:
    out = exported(tmp_path)
    robot = load(out.urdf)
    assert out.notes == []
    np.testing.assert_allclose(robot.link_map["base"].visuals[0].material.color.rgba, [1, 0.5, 0, 1], atol=0.01)
    red, skin = robot.link_map["hand"].visuals
    np.testing.assert_allclose(red.material.color.rgba, [1, 0, 0, 0.5])
    text = (out.urdf.parent / red.geometry.mesh.filename).read_text()
    # The quad, turned over: it is left handed.
    assert [line for line in text.splitlines() if line.startswith("f ")] == ["f 2 4 3 1"]
    obj = out.urdf.parent / skin.geometry.mesh.filename
    assert skin.material is None
    material = obj.parent / obj.read_text().splitlines()[0].split()[1]
    (texture,) = [line.split()[1] for line in material.read_text().splitlines() if line.startswith("map_Kd")]
    assert (obj.parent / texture).read_bytes() == b"the bytes of a picture"


def test_a_texture_that_is_not_there_is_named(tmp_path: Path) -> None:
    out = exported(tmp_path, texture="./nowhere/lost.png")
    assert out.num_visuals == 4
    assert [note for note in out.notes if "lost.png" in note]


def test_a_ground_and_what_stands_on_it_is_one_mesh(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    env = stage.GetPrimAtPath("/World/envs/env_0")
    standing = standing_in(env, ["/World/envs/env_0/Arm/"])
    assert [prim.GetName() for prim in standing] == ["Table"]
    ground = ground_of(stage, "/World/ground", "/World/envs", standing)
    assert ground is not None and ground.mesh is not None
    vertices, triangles = ground.mesh
    np.testing.assert_allclose(vertices[:4], [[10, 0, 0], [11, 0, 0], [11, 1, 0.5], [10, 1, 0]])
    np.testing.assert_allclose([vertices[4:].min(0), vertices[4:].max(0)], [[-0.5, -0.5, 0], [0.5, 0.5, 1]])
    assert triangles[:2].tolist() == [[0, 1, 2], [0, 2, 3]] and len(triangles) == 2 + 12


@pytest.mark.parametrize("path", ["/World/ground", ""])
def test_a_ground_is_flat_only_where_one_was_seen(path: str, tmp_path: Path) -> None:
    flat = ground_of(stage_of(tmp_path, height=0), path, "/World/envs")
    assert flat is not None and flat.mesh is None
    hilly = ground_of(stage_of(tmp_path), path, "/World/envs")
    assert hilly is not None and hilly.mesh is not None


def test_a_stage_without_a_ground_has_none(tmp_path: Path) -> None:
    stage = stage_of(tmp_path)
    stage.RemovePrim("/World/ground")
    assert ground_of(stage, "", "/World/envs") is None
    assert ground_of(stage, "/World/ground", "/World/envs") is None
