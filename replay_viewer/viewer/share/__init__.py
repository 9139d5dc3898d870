"""A replay without a server: one HTML file with the scene, the poses and the numbers of some episodes in it."""
