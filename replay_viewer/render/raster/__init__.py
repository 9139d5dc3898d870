"""A software rasteriser: triangles to pixels in loops that numba compiles, without the interpreter's lock.

The way of one picture: `transforms` (vertices to the camera and to the sun), `coverage` (which triangle each of four
samples of a pixel sees), `shadows` (what the sun sees), `shading` (colours). All arithmetic is float32 in a fixed
order, without fused or reassociated operations, so that any number of threads draws the same pixels.
"""
