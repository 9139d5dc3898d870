"""One browser: what it sees, and the camera that it has."""
