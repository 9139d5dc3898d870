"""MuJoCo models (`mujoco.MjModel`), for every adapter whose simulator has one; the library itself is never imported.

Which file to open for what:

    scene            MujocoScene: the poses and joints of environments that MuJoCo itself simulates
    trees            the robots and objects of a model
    urdf, urdf_xml   a tree of bodies as a URDF, with the meshes that its geoms become
    meshes           what is drawn of geoms, as files
    terrain          what never moves, as one mesh
    model            what the model says of bodies and joints
"""
