"""Readers of mesh files, one a format, on top of trimesh and pycollada: they get right what those leave out.

collada     DAE
gltf        GLB and GLTF
gltf_nodes  where the nodes of glTF put its meshes
stl         STL
wavefront   OBJ with its MTL
polygons    faces with more than three corners, as triangles
nearby      textures and materials that lie beside a mesh
reading     what a reader returns
"""
