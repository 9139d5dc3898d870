"""The page of a hand on the running policy: the line to the process that runs it, and what the page shows and asks."""
