"""Pictures and videos of recordings: no display, no GPU, no simulator, no browser."""
