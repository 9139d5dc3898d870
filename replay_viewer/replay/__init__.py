"""A recording with its robots, ready to be shown: poses at any step, and where playback is."""
