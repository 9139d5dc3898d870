"""A viewer's page inside a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass

_STYLE = "width:100%;height:{height}px;border:1px solid rgba(128,140,155,.4);border-radius:6px"


@dataclass(frozen=True)
class EmbeddedPage:
    """What a notebook's cell shows of a viewer: its page in a frame of the given height [px].

    The browser loads the page from the viewer itself, as any tab would. Where the notebook runs on another machine
    than the browser, forward the viewer's port as well: `ssh -L 8080:localhost:8080 host`; VS Code does so by itself.
    """

    url: str
    height: int

    def _repr_html_(self) -> str:
        url = html.escape(self.url)
        style = _STYLE.format(height=int(self.height))
        allowed = "fullscreen; clipboard-write"
        return f'<iframe src="{url}" title="replay-viewer" style="{style}" allow="{allowed}"></iframe>'

    def __str__(self) -> str:
        return f"replay-viewer at {self.url}"
