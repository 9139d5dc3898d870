"""The data model: recorded states, rewards, signals and episodes, whatever file they come from."""
