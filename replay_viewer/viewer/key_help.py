"""What the keys and the mouse do, as the page's dialog says it."""

from __future__ import annotations

import html

from .keys import KEYS

_MOUSE = (
    ("Drag", "Orbit"),
    ("Right drag", "Pan; two fingers on a touch screen"),
    ("Wheel", "Nearer or farther; pinch on a touch screen"),
    ("Robot", "Click to watch it, of the crowd that M shows"),
    ("Timeline", "Drag to scrub; colours tell how an episode ended"),
    ("Chart", "Click to go there; drag for an A-B loop; wheel for a part of the time, double click for all of it"),
)


def help_html() -> str:
    """The dialog's content, made from the table of keys."""
    keys = "".join(f"<li><kbd>{html.escape(k.label)}</kbd>{html.escape(k.description)}</li>" for k in KEYS)
    mouse = "".join(f"<li><b>{what}</b>{effect}</li>" for what, effect in _MOUSE)
    close = '<button type="button" data-close title="Close (Esc)" aria-label="Close">\N{MULTIPLICATION SIGN}</button>'
    return (
        f'<section class="rv-keys"><h2>Keys</h2><ul>{keys}</ul></section>'
        f"<section><h2>Mouse and touch</h2><ul>{mouse}</ul></section>{close}"
    )
