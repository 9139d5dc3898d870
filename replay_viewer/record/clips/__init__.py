"""Films of episodes while they are simulated: of the robots' cameras, of the scene, or of states that are drawn later.

    wrap          wrap_env_for_video, with the VideoRecordingCfg of `cfg`; `arguments` of a command line
    camera        CameraObsVideoRecorder: films of the cameras in the observations; `pictures` makes pictures of these
    viewport      films of the scene: of env.render(), or of `states`, which attach(when=...) records too
    triggers      Trigger: which episodes are filmed
    filming       Filming: sees an environment's episodes (`watch`, `results`), and says when a film begins and ends
    streaming     films of pictures that are there while the simulation runs; `timing` says how many in a second
    shelf         Shelf: a writer's films, one by one (`film`), their lines in its `manifest`, those that are kept
    completing    how a film gets its name, and what it says of itself (`mp4`)
    adopting      films whose writer lives no more; `guardian` waits for that
    drawer        the process that draws states

The library of what lies there is read by `clips/`, one floor below.
"""
