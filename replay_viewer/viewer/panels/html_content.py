"""HTML of a panel, sent when it is another one."""

from __future__ import annotations

import viser


def set_content(handle: viser.GuiHtmlHandle, content: str) -> None:
    """Send HTML, if it is not there already."""
    if handle.content != content:
        handle.content = content
