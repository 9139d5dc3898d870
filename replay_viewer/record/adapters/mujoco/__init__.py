"""MuJoCo models (`mujoco.MjModel`), for every adapter whose simulator has one; the library itself is never imported.

Which file to open for what:

    simulation       Simulation: the model and its data, wherever an environment keeps them
    scene            MujocoScene: the poses and joints of environments that MuJoCo itself simulates
    export           Export: the files that a model is exported to, which are kept for a model that is recorded often
    trees            export_mujoco: the robots and objects of a model
    urdf, urdf_xml   a tree of bodies as a URDF, with the meshes that its geoms become
    balls            ball joints as three hinges
    ground           what never moves, as one mesh and as a URDF
    meshes, shapes   what is drawn of geoms: as files, as arrays
    model            what the model says of bodies and joints
"""
