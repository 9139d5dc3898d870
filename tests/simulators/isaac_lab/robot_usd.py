"""USD files for Isaac Lab without its server: robots of URDFs, a cart with a pole, a ground plane."""

# pyright: reportMissingImports=false
from __future__ import annotations

import contextlib
import os
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import urdf_usd_converter  # type: ignore[import-not-found]
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics  # type: ignore[import-not-found]

GROUND = """#usda 1.0
(
    defaultPrim = "Ground"
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "Ground"
{
    def Xform "Environment"
    {
        double3 xformOp:scale = (1, 1, 1)
        uniform token[] xformOpOrder = ["xformOp:scale"]

        def Mesh "Geometry"
        {
            int[] faceVertexCounts = [4]
            int[] faceVertexIndices = [0, 1, 2, 3]
            point3f[] points = [(-50, -50, 0), (50, -50, 0), (50, 50, 0), (-50, 50, 0)]
        }
    }

    def Xform "GroundPlane"
    {
        def Plane "CollisionPlane" (
            prepend apiSchemas = ["PhysicsCollisionAPI"]
        )
        {
            uniform token axis = "Z"
            uniform token purpose = "guide"
        }
    }
}
"""
CARTPOLE = """<robot name="cartpole">
  <link name="rail"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <visual><geometry><box size="0.05 8 0.05"/></geometry></visual></link>
  <link name="cart"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <visual><geometry><box size="0.2 0.3 0.15"/></geometry>
      <material name="r"><color rgba="0.9 0.2 0.1 1"/></material></visual></link>
  <link name="pole"><inertial><origin xyz="0 0 0.5"/><mass value="1"/>
      <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <visual><origin xyz="0 0 0.5"/><geometry><cylinder radius="0.03" length="1"/></geometry></visual></link>
  <joint name="slider_to_cart" type="prismatic"><parent link="rail"/><child link="cart"/><axis xyz="0 1 0"/>
    <limit lower="-4" upper="4" effort="400" velocity="100"/></joint>
  <joint name="cart_to_pole" type="continuous"><parent link="cart"/><child link="pole"/>
    <origin xyz="0.13 0 0.05"/><axis xyz="1 0 0"/></joint>
</robot>
"""


def ground_usd(folder: Path) -> Path:
    """A flat ground."""
    return _written(folder / "ground.usda", GROUND)


def cartpole_usd(folder: Path) -> Path:
    """A cart on a rail that is fixed in the world, with a pole."""
    return robot_usd(_written(folder / "cartpole.urdf", CARTPOLE), folder / "cartpole.usda", is_fixed=True)


def go2_usd(folder: Path) -> Path:
    """Unitree's Go2."""
    return robot_usd(_description("go2_description/urdf/go2.urdf"), folder / "go2.usda")


def robot_usd(urdf: Path, path: Path, *, is_fixed: bool = False) -> Path:
    """A URDF's robot as Isaac Lab's own are: every link is a child of the root. Made once."""
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as folder, _quiet():
        packages = [{"name": "example-robot-data", "path": str(_share() / "example-robot-data")}]
        converter = urdf_usd_converter.Converter(layer_structure=False, scene=False, ros_packages=packages)
        stage = Usd.Stage.Open(converter.convert(str(urdf), folder).path)
        while instances := [prim for prim in stage.TraverseAll() if prim.IsInstance()]:
            for prim in instances:
                prim.SetInstanceable(False)
        _Flat(stage).write(path, is_fixed)
    return path


class _Flat:
    """Moves nested links to the root."""

    def __init__(self, stage: Any) -> None:
        self._root = stage.GetDefaultPrim().GetPath()
        bodies = [prim for prim in stage.Traverse() if prim.HasAPI(UsdPhysics.RigidBodyAPI)]
        self._poses = {body.GetPath(): UsdGeom.Xformable(body).ComputeLocalToWorldTransform(0) for body in bodies}
        self._source = stage.Flatten()
        self._new_root = Sdf.Path("/robot")
        self._new = {path: self._new_root.AppendChild(path.name) for path in self._poses}

    def write(self, path: Path, is_fixed: bool) -> None:
        made = Usd.Stage.CreateNew(str(path))
        made.SetDefaultPrim(made.DefinePrim(self._new_root, "Xform"))
        UsdGeom.SetStageUpAxis(made, UsdGeom.Tokens.z)
        UsdGeom.SetStageMetersPerUnit(made, 1)
        layer = made.GetRootLayer()
        for child in self._source.GetPrimAtPath(self._root).nameChildren:
            if child.name != "Geometry":
                Sdf.CopySpec(self._source, child.path, layer, self._new_root.AppendChild(child.name))
        for old, new in self._new.items():
            Sdf.CopySpec(self._source, old, layer, new)
        for old, new in self._new.items():
            self._place(made, old, new)
        self._follow(made)
        for prim in list(made.TraverseAll()):
            is_to_world = prim.GetName() == "root_joint" and not is_fixed
            if prim.GetTypeName() == "PhysicsFixedJoint" and is_to_world:
                made.RemovePrim(prim.GetPath())
        layer.Save()

    def _place(self, made: Any, old: Any, new: Any) -> None:
        """Without the links that were inside of it, and where it was in the world."""
        for other in self._new:
            if other != old and other.HasPrefix(old):
                inner = other.ReplacePrefix(old, new)
                if made.GetPrimAtPath(inner):
                    made.RemovePrim(inner)
        prim = made.GetPrimAtPath(new)
        for name in [name for name in prim.GetPropertyNames() if name.startswith("xformOp:")]:
            prim.RemoveProperty(name)
        form, pose = UsdGeom.Xformable(prim), self._poses[old]
        form.ClearXformOpOrder()
        form.AddTranslateOp(UsdGeom.XformOp.PrecisionDouble).Set(pose.ExtractTranslation())
        form.AddOrientOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Quatd(pose.ExtractRotationQuat()))
        form.AddScaleOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Vec3d(1))

    def _follow(self, made: Any) -> None:
        """Joints and materials point to where things are now."""
        for prim in made.TraverseAll():
            for relation in prim.GetRelationships():
                if relation.GetTargets():
                    relation.SetTargets([self._moved(target) for target in relation.GetTargets()])
            for attribute in prim.GetAttributes():
                if attribute.GetConnections():
                    attribute.SetConnections([self._moved(target) for target in attribute.GetConnections()])

    def _moved(self, path: Any) -> Any:
        inside = [old for old in self._new if path.HasPrefix(old)]
        if inside:
            nearest = max(inside, key=lambda old: old.pathElementCount)
            return path.ReplacePrefix(nearest, self._new[nearest])
        return path.ReplacePrefix(self._root, self._new_root)


def _description(name: str) -> Path:
    return _share() / "example-robot-data" / "robots" / name


def _share() -> Path:
    """Of the package `example-robot-data`."""
    return Path(sysconfig.get_path("purelib")) / "cmeel.prefix" / "share"


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@contextlib.contextmanager
def _quiet() -> Any:
    """The converter tells each file that it reads, past Python's own streams."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
