"""The recording container, this package's own format, whole; FORMAT.md specifies it for programs in any language.

Writing, inside of a simulator's Python (3.8 or newer) with numpy alone:

    writer           ContainerWriter: begin here; with step_files, words, terminals, log, assets and disk below it
    repair, pack     what is done to a recording afterwards
    recorded_steps   a finished recording in blocks of steps, for what turns it into other arrays

What writing and reading share, on 3.8 too:

    layout           names of files, and where every number lies in them
    info, meta       the facts of a recording, and the meta.json that they and the layout are in (by json_object)
    extents          the files of a folder or of a packed recording, as runs of bytes
    files            those that a reader cannot do without
    headers          what .npy headers say against meta.json
    witnesses        everything in which files contradict each other
    terminals        the table of episode ends
    source           the numbers of a recording, read when they are asked for
    log              the files of JSON lines, and whether a writer lives
    mesh_paths       the search for the files that a URDF names

Reading, for the viewer (3.10):

    reader           open_container: begin here; gives a Rollout
    episodes         its episodes
    asset_folder     its robots and its terrain
    growth           what is appended while it is open
    verdicts         what it leaves to doubt
"""
