"""The charts without viser: which curves they show, of what, in which unit, how they go on while recorded."""
