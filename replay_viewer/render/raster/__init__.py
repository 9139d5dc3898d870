"""A software rasteriser: triangles to pixels in loops of machine code, without the interpreter's lock.

The way of one picture, in `kernels`: `transforms` (vertices to the camera and to the sun), `coverage` (which triangle
each of four samples of a pixel sees), `veils` (what is translucent before it), `shadows` (what the sun sees), `shading`
(colours). All arithmetic is float32 in a fixed order, without fused or reassociated operations, so that any number of
threads draws the same pixels.

Where to find what:

    renderer          draws frames of a scene
    scene             robots, terrain and colours, shared by threads
    placed_surfaces   the surfaces of one picture, where they stand
    lens              a camera pose as the loops take it
    veils             the translucent things of one picture
    sunlight          the shadow grid of one picture
    kernels           the loops
"""
