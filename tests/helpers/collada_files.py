"""Small COLLADA documents, written for one test."""

from __future__ import annotations

from collections.abc import Iterable

TRIANGLES = '<triangles count="12" {m}>{i}<p>0 1 3 0 3 2 4 6 7 4 7 5 0 4 5 0 5 1 2 3 7 2 7 6 0 2 6 0 6 4 1 5 7 1 7 3</p></triangles>'  # noqa: E501


def dae(
    points: Iterable[Iterable[float]] = [(x, y, z) for x in (0, 0.1) for y in (0, 0.4) for z in (0, 0.1)],
    faces: str = TRIANGLES,
    up: str = "<up_axis>Z_UP</up_axis>",
    unit: str = "1",
    effect: str = "<diffuse><color>0.8 0.1 0.1 1</color></diffuse>",
    libraries: str = "",
    params: str = "",
    inputs: str = "",
    bindings: str = "",
) -> str:
    """A document of one geometry: a brick of 0.1 x 0.4 x 0.1, or points and faces, in which {m} and {i} stand for the
    material and the inputs."""
    numbers = [f"{number:g}" for point in points for number in point]
    faces = faces.format(m='material="m"', i=f'<input semantic="VERTEX" source="#v" offset="0"/>{inputs}')
    return f"""<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="u" meter="{unit}"/>{up}</asset>{libraries}
<library_effects><effect id="e"><profile_COMMON>{params}<technique sid="c"><phong>{effect}</phong></technique>
</profile_COMMON></effect></library_effects>
<library_materials><material id="mm"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh><source id="p"><float_array id="pa" count="{len(numbers)}">
{" ".join(numbers)}</float_array><technique_common><accessor source="#pa" count="{len(numbers) // 3}" stride="3">
<param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/></accessor>
</technique_common></source><vertices id="v"><input semantic="POSITION" source="#p"/></vertices>{faces}</mesh>
</geometry></library_geometries>
<library_visual_scenes><visual_scene id="S"><node id="n"><instance_geometry url="#g"><bind_material><technique_common>
<instance_material symbol="m" target="#mm">{bindings}</instance_material></technique_common>
</bind_material></instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#S"/></scene></COLLADA>"""
