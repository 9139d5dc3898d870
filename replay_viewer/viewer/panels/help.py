"""What the keys and the mouse do."""

from __future__ import annotations

import html

import viser

from ..keys import KEYS

_STYLE = """<style>
.rv-help{font-size:13px;margin:0.25em 0.75em 0.75em;line-height:1.35}
.rv-help table{width:100%;border-collapse:collapse}
.rv-help td{padding:1px 0;vertical-align:top}
.rv-help td:first-child{width:76px}
.rv-help kbd{display:inline-block;min-width:20px;text-align:center;padding:0 6px;border-radius:4px;
border:1px solid rgba(128,140,155,.5);background:rgba(128,140,155,.12);font:12px ui-monospace,monospace}
.rv-help p{margin:6px 0 2px;font-weight:600}
</style>"""

_MOUSE = (
    ("drag", "Orbit"),
    ("right drag", "Pan"),
    ("wheel", "Zoom"),
    ("timeline", "Drag to scrub; colours tell how an episode ended"),
)


class HelpPanel:
    """Static text, made from the table of keys."""

    def __init__(self, gui: viser.GuiApi) -> None:
        gui.add_html(help_html())


def help_html() -> str:
    """The panel's content."""
    keys = "".join(f"<tr><td><kbd>{html.escape(k.label)}</kbd></td><td>{k.description}</td></tr>" for k in KEYS)
    mouse = "".join(f"<tr><td>{what}</td><td>{effect}</td></tr>" for what, effect in _MOUSE)
    return f'{_STYLE}<div class="rv-help"><p>Keys</p><table>{keys}</table><p>Mouse</p><table>{mouse}</table></div>'
