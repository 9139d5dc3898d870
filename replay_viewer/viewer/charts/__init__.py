"""What the charts show, with no viser in it: which curves, of what, in which unit, how they go on while recorded."""
