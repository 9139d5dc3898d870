"""A recording with its robots, ready to be shown: poses at any step, and where playback is.

Where to find what:

    replay    a recording together with what is drawn of its robots and objects; opens both
    frames    where every link of every shown env is at a position of playback
    world     several recordings in one scene, by time
    player    play, pause, seek, loop: where playback stands
    summary   what is in a recording, as plain data
"""
