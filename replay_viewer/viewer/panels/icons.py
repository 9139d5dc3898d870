"""Pictures on buttons of panels, as the contents of an SVG of 24 x 24, drawn in strokes."""

from __future__ import annotations

FILM = '<rect x="4" y="4" width="16" height="16" rx="2"/><path d="M8 4v16M16 4v16M4 12h16M4 8h4m8 0h4M4 16h4m8 0h4"/>'
CAMERA = '<path d="M4 7h4l2-3h4l2 3h5v13H3V7z"/><circle cx="12" cy="13" r="3.5"/>'
CROSS = '<path d="M6 6l12 12M18 6L6 18"/>'
DOWNLOAD = '<path d="M4 16v4h16v-4M12 4v12M7 11l5 5 5-5"/>'
