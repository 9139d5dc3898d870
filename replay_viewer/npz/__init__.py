"""NumPy's file formats: reading arrays lazily, writing archives, and pickled values without running their code."""
