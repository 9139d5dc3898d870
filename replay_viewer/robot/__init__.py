"""Robots: URDF, meshes and batched forward kinematics.

Where to find what:

    robot          links, joints and what is drawn of them; loads a URDF
    without_urdf   objects of one shape, and what stands in for a robot that nobody described
    names          URDFs by the name of a robot
    joints         recorded joints against a robot's
    feet           which links leave a trail
    kinematics     from joint values to the poses of all links
    tree           links in the order that kinematics works through, and the joint before each
    urdf           what a URDF says, read safely (safe_xml) and tidied (urdf_xml, urdf_visuals, xml_values)
    visuals        what is drawn on each link: mesh files (meshes, weld), primitives (shapes), colours (materials)
    drawable       what of a shape can be drawn, by its numbers
    link_scene     all that is drawn on a link as one scene for glTF
    support        the lowest point of a robot
"""

from .joints import JointMapping, map_joints
from .robot import Robot, load_robot
from .visuals import Visual
from .without_urdf import from_shape, neutral_body

__all__ = ["JointMapping", "Robot", "Visual", "from_shape", "load_robot", "map_joints", "neutral_body"]
