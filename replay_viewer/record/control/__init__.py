"""A hand on the running policy: what is done by hand while somebody's loop steps an environment.

Which file to open for what, from the top:

    open_control   start_control: everything below put together for a recorder that is attached
    control        Control: what was asked for is done between two steps; the action that is sent, the pause
    hand           Hand: who does it, and whether it has fallen silent
    channel        Channel: hands of a viewer's pages, through a socket
    address        ControlAddress: where that socket is, and how it is reached
    keys           TerminalKeys: the key in the terminal that runs the loop
    policy_off     which action is sent while the policy is off
    means          Means: what a family of environments can be made to do; legged_gym, managers and mujoco have theirs
"""
