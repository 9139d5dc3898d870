"""Opening recordings from the page: those of a folder, dropped files, uploads."""
