"""The table of episodes: where they come from, which of them a browser asks for, and what it is sent."""
