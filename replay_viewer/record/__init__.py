"""The recorder: writes recordings from inside a simulator's Python (3.8 or newer) with numpy alone.

Which file to open for what, from the top:

    loop/              runs a policy in an environment by itself: rollouts, pictures, policies out of files
    attach             attach: puts a recorder on an environment while somebody else's loop runs it
    attached_recorder  what is handed to the user of that recorder
    recorder_seat      what that recorder does with the environment's steps and resets
    seats              Seat: what everybody gets who sits on an environment's hook, be it a recorder or not
    capture            the hook: reads an environment once for all who sit there
    seated             who sits there, and hands on the share of one
    reader             what reads the environment for them
    adapters/          what is read of each family of environments; a new simulator's adapter goes there
    step_writer        hands a step that `attach` saw to the recorder, with the episodes that ended in it
    recorder           Recorder: the steps of any loop, one by one
    logged_values      what a user logs beside a step
    episodes           the episodes that have finished, and the returns of those that run

Tools of these:

    attachments        who has attached where, and who comes in whose place
    chosen_envs        which envs are recorded, as users write it
    patches            methods of the environment, replaced for a while
    rows               the recorded rows of a simulator's arrays
    batch_means        means over all envs that the environment logs itself
    gatherer           what is read in a step as one block, and what lies where in it
    copies             such blocks, fetched from a GPU without waiting
    seen               what the hook has seen of a step, and the share of each seat
    problems           what turns out not to fit: said once, and kept with the recording
    witness            ends of episodes that no hook has seen
    background         calls that are made behind the simulation

The recording itself is written by `container`, whose FORMAT.md documents it for programs in any language.
"""
