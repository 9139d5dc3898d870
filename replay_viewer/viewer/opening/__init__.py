"""What a page opens: the list of a folder, dropped files, uploads."""
