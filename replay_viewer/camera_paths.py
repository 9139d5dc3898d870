"""Where the camera is at each moment of a film."""
