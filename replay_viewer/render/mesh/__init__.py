"""A robot's meshes as the rasteriser draws them: parts, surfaces, textures, levels of detail."""
