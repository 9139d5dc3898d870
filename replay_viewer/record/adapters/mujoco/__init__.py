"""MuJoCo models: their bodies, state, meshes and terrain, and the URDF that they are exported to."""
