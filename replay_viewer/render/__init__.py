"""Pictures and videos of recordings: no display, no GPU, no simulator, no browser.

Where to find what:

    render_video    for Python: options become one request, and the request is carried out
    request         what is asked for: the selection of a recording, how it looks (view), where it goes (target)
    film_maker      makes the files of a request; those of a folder of recordings: folder
    selection       the part of a recording that a film shows
    film            a film as a plan: what every video frame shows
    drawing         draws the images of a film, in threads
    takes           several recordings in one picture
    layers          what layers add to a picture: their shapes, put into the world by shapes
    motion_check    finds pictures that do not move although the robots do
    overlays        what stands on or beside a picture
    raster          the software rasteriser, of meshes that are prepared in mesh
"""
