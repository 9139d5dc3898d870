"""The data model: recorded states, rewards, signals and episodes, whatever file they come from.

Where to find what:

    rollout         a recording, and every doubt about it
    episodes        the episodes of an env: how they ended, and where the keys "previous" and "next" lead
    states          recorded values as they can be drawn: finite, at any position of playback
    rewards         the rewards of an episode and of a step, and the scales on which they are shown
    signals         everything else that can be drawn over time, contact forces and velocities among it
    spread          how a value usually goes, over all episodes of all envs
    growing_array   rows that are appended to
    entities        robots and objects, and the fields that each of them has
    fields          the named values of a recording, and their units
    outcomes        how episodes end, by the words and codes of recordings

The last three are what recorders use too: they run on Python 3.8.
"""
