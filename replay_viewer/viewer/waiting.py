"""What the page shows before there is a replay."""

from __future__ import annotations

import html

_STYLE = """<style>
.rv-waiting{font-size:14px;margin:0.75em;line-height:1.45;overflow-wrap:anywhere}
.rv-waiting p{margin:4px 0 0;opacity:.75}
.rv-waiting i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:8px;background:#2563eb;
animation:rv-wait 1.4s ease-in-out infinite}
@keyframes rv-wait{50%{opacity:.2}}
</style>"""


def waiting_html(text: str, detail: str = "", waits: bool = True) -> str:
    """What the page waits for, or only says; both texts may hold a file's name and are escaped."""
    dot = "<i></i>" if waits else ""
    return f'{_STYLE}<div class="rv-waiting">{dot}<b>{html.escape(text)}</b><p>{html.escape(detail)}</p></div>'
