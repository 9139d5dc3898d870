"""Care of recordings' files: what the recorder's own Python can do too."""
