"""Videos and pictures that the page asks for."""
