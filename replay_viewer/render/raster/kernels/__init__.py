"""The compiled inner loops of the rasteriser.

Where to find what:

    transforms   vertices to the camera, to the sun, and to the picture
    coverage     which triangle each sample of a pixel sees
    shadows      what the sun sees
    shading      the colours of triangles and of whole pictures
    texturing    the colours of textures
    ground       the checker floor and the sky
    tables       what the loops read
    compiled     how they are compiled
"""
