"""Statistics in numpy, of arrays that have no names: every estimate with its interval."""
