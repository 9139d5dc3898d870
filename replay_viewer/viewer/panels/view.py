"""Switches for what is drawn over the robots, each with what its colours mean or what it lacks."""

from __future__ import annotations

import html

import viser

from ..layers import Overlay, ShownLayers

SWITCH_STYLE = """<style>
.rv-layers{font-size:13px;margin:0.25em 0.75em 0.75em;line-height:1.35}
.rv-layers h4{margin:4px 0 2px;font-size:13px;font-weight:600}
.rv-layers button{all:unset;box-sizing:border-box;display:grid;grid-template-columns:30px 1fr;gap:0 10px;width:100%;
padding:6px 4px;border-radius:6px;cursor:pointer;align-items:start}
.rv-layers button:hover:not([disabled]){background:rgba(128,140,155,.12)}
.rv-layers button:focus-visible{outline:2px solid #3b82f6;outline-offset:-2px}
.rv-layers .rv-switch{width:30px;height:17px;border-radius:9px;background:rgba(128,140,155,.45);position:relative;
margin-top:1px;transition:background .12s}
.rv-layers .rv-switch::after{content:"";position:absolute;left:2px;top:2px;width:13px;height:13px;border-radius:50%;
background:#fff;box-shadow:0 1px 2px rgba(0,0,0,.35);transition:transform .12s}
.rv-layers [aria-checked=true] .rv-switch{background:#2563eb}
.rv-layers [aria-checked=true] .rv-switch::after{transform:translateX(13px)}
.rv-layers button[disabled]{cursor:default}
.rv-layers button[disabled] b,.rv-layers button[disabled] .rv-switch{opacity:.45}
.rv-layers b{font-weight:500;display:block}
.rv-layers small{display:block;font-size:12px;opacity:.75;overflow-wrap:anywhere}
.rv-layers .rv-legend{display:flex;flex-wrap:wrap;gap:1px 12px;margin-top:2px;opacity:.9}
.rv-layers i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px;vertical-align:-1px}
.rv-layers i.wide{width:64px}
</style>"""


class LayersPanel:
    """One HTML list, rewritten when a switch changes."""

    def __init__(self, gui: viser.GuiApi, layers: ShownLayers) -> None:
        self._html = gui.add_html(layers_html(layers))

    def sync(self, layers: ShownLayers) -> None:
        """Show which layers are on."""
        content = layers_html(layers)
        if content != self._html.content:
            self._html.content = content


def layers_html(layers: ShownLayers) -> str:
    """The panel's content. Names of links and numbers come from files and are escaped."""
    switches = "".join(_switch(overlay, name in layers.on) for name, overlay in layers.overlays.items())
    return f'{SWITCH_STYLE}<div class="rv-layers"><h4>Overlays</h4>{switches}</div>'


def _switch(overlay: Overlay, on: bool) -> str:
    does = "" if overlay.lack else f' data-do="switch_layer" data-value="{overlay.name}"'
    below = f"<small>{_marked(overlay.lack or overlay.hint)}</small>"
    if on:  # In the place of the hint, so that a small screen has room for all.
        below = f'<small class="rv-legend">{"".join(_entry(*entry) for entry in overlay.legend)}</small>'
    return switch_html(overlay.title, below, on, does)


def switch_html(title: str, below: str, on: bool, attributes: str) -> str:
    """A switch as a button, with HTML below its title; disabled where no attributes say what it does."""
    return (
        f'<button type="button" role="switch" aria-checked="{str(on).lower()}"{attributes or " disabled"}>'
        f'<span class="rv-switch"></span><span><b>{title}</b>{below}</span></button>'
    )


def _entry(background: str, text: str) -> str:
    """A colour and what it means; a note where there is no colour."""
    wide = ' class="wide"' if "gradient" in background else ""
    swatch = f'<i{wide} style="background:{background}"></i>' if background else ""
    return f"<span>{swatch}{_marked(text)}</span>"


def _marked(text: str) -> str:
    """Escaped, with `names` as code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
