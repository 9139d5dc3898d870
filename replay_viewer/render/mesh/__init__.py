"""A robot's meshes as the rasteriser draws them, and the bodies of layers' shapes.

Where to find what:

    surface            everything that is drawn of a robot or a terrain, as flat arrays
    link_triangles     triangles on one link, what a surface is put together from
    copies             many of one surface, as one
    levels_of_detail   surfaces with fewer triangles that look the same from far away
    textures           the images of a surface as one array
    unit_bodies        a rod, a cone, a ball and a triangle, of which shapes are made by shape_bodies
    kept_meshes        meshes of layers that are drawn again
"""
