"""Notebooks: what a cell has opened before, and how the browser that shows it reaches this machine."""
