"""The compiled inner loops of the rasteriser.

Where to find what:

    transforms   vertices to the camera, to the sun, and to the picture
    coverage     which triangle each sample of a pixel sees
    veils        what translucent things put before the samples
    shadows      what the sun sees
    fragments    the colours of what pixels see of triangles
    shading      the colours of whole pictures
    texturing    the colours of textures
    ground       the checker floor and the sky
    planes       pictures as films have them
    tables       what the loops read
    arguments    how Python hands it over
    compiled     which functions are loops, and how Python calls them
    machine_code how a machine makes code for its processor of `loops.bc`, which comes with the package

What each pixel passes through counts no references to arrays. numba leaves none where functions that take arrays return
in one place and use each of their arrays whatever their branches are, and where no name is given to an array in a loop.
"""
