"""Opening recordings from the page: the list of a folder, dropped files, uploads."""
