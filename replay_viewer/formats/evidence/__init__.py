"""A rollout out of named arrays, of whatever file, with evidence for what they leave unsaid.

What is in which file:

    reader              rollout_of: begin here; lists all names that are understood
    array_table         named arrays, which every format can be that has some
    layout, columns     the axes of the arrays, and the arrays as columns that are read lazily
    other_keys          what a file without poses probably holds
    time_step           the time between two steps
    facts               env ids and origins, and what the file states about itself
    motion              bases and joints, and where a base jumps
    quaternion_order    whether quaternions are xyzw or wxyz
    ends                where episodes end, and how
    rewards             the reward and its terms
    info                the numbers in the policy's `info`
    signals             everything else that is recorded per step and env
    doubts              values that are no numbers, no rotations, or in the wrong unit
"""
