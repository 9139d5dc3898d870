"""Files from elsewhere: opened without waiting, read up to limits, and told by how they begin."""
