"""How the page looks in one's own browser: light or dark, and the way back to the first view."""

from __future__ import annotations

import viser

_LOOK_STYLE = """<style>
.rv-looks{display:flex;align-items:center;gap:6px;margin:0.5em 0.75em;font-size:13px}
.rv-looks span{opacity:.75;margin-right:auto}
.rv-looks button{height:30px;padding:0 11px;border:1px solid var(--rv-line);border-radius:6px;cursor:pointer;
font:inherit;background:var(--rv-bar);color:var(--rv-text)}
.rv-looks button:hover{background:var(--rv-hover)}
.rv-looks button:focus-visible{outline:2px solid var(--rv-accent);outline-offset:1px}
.rv-looks button.rv-on{background:var(--rv-accent);border-color:var(--rv-accent);color:var(--rv-on-accent)}
</style>"""

_LOOKS = (("light", "Light"), ("dark", "Dark"), ("system", "System"))


class LookPanel:
    """Buttons that each browser's page answers by itself: what they change is its own."""

    def __init__(self, gui: viser.GuiApi) -> None:
        gui.add_html(look_html())


def look_html() -> str:
    """The panel's content."""
    looks = "".join(
        f'<button type="button" data-look="{name}" aria-pressed="false">{text}</button>' for name, text in _LOOKS
    )
    hint = "Camera, shadows, panel and tab as in a new browser"
    reset = f'<button type="button" data-reset title="{hint}">Reset View</button>'
    return (
        f'{_LOOK_STYLE}<div class="rv-looks" role="group" aria-label="Page"><span>Page</span>{looks}</div>'
        f'<div class="rv-looks"><span>This browser</span>{reset}</div>'
    )
