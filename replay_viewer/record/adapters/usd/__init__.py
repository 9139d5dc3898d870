"""USD stages of a running simulator: their robots as URDFs with meshes, their ground as one mesh.

Which file to open for what:

    stage       the stage of an environment, and its prims: which are bodies, which can be seen, where they are
    surfaces    what a prim is drawn as: points, faces, normals, texture coordinates; primitives too
    looks       colours and textures of the materials that are bound to prims
    obj         OBJ files with materials and textures
    joints      the tree of a body's parts and the joints between them
    urdf        export_urdf: a body under a path as a URDF
    ground      ground_of: what does not move, below the robots

`pxr`, the library of USD, is the simulator's own: it is used where the simulator has imported it, never depended on.
"""
