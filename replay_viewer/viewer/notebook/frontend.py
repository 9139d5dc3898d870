"""Frontends of notebooks: how the browser that shows a notebook reaches a port of the machine that its kernel is on."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .cells import Cell

_LACKS_PROXY = "If the frame says 404: pip install jupyter-server-proxy, where JupyterHub starts its notebooks."
# Where Colab serves the ports of its machines, as `kernel.proxyPort` gives them.
_PAGES_OF_COLAB = re.compile(r"https://[a-z0-9.-]+\.(?:googleusercontent\.com|colab\.dev)")
# What VS Code on the web, such as code-server, has in the place of a port.
_PORT = "{{port}}"


@dataclass(frozen=True)
class Frontend:
    """How a browser reaches a port.

    Attributes:
        address: of a port, for a frame; None where that of this machine does: the browser is on it, or has its ports.
        is_shared: whether others come the same way, so that a token is needed.
        pages: of the origins of such addresses, all of which are the user's own.
        hint: what to do where the frame stays empty.
    """

    address: Callable[[int], str] | None = None
    is_shared: bool = False
    pages: re.Pattern[str] | None = None
    hint: str = ""


def frontend_of(cell: Cell | None) -> Frontend:
    """How the browser reaches ports that a cell opens; None is for a script on this machine."""
    if cell is None:
        return Frontend()
    if "google.colab" in sys.modules:
        return Frontend(_of_colab, pages=_PAGES_OF_COLAB)
    if cell.is_of_vscode:  # It forwards ports by itself, but not to a browser.
        return _of_vscode_in_browser() or _of_codespaces() or Frontend()
    has_proxy = importlib.util.find_spec("jupyter_server_proxy") is not None
    hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if hub:
        return _proxied(hub, "" if has_proxy else _LACKS_PROXY)
    base = _base_url() if has_proxy else None
    return _proxied(base) if base is not None else _of_codespaces() or Frontend()


def _proxied(base: str, hint: str = "") -> Frontend:
    """Through jupyter-server-proxy, below the path at which the browser has Jupyter."""
    return Frontend(lambda port: f"{base.rstrip('/')}/proxy/{port}/", is_shared=True, hint=hint)


def _of_colab(port: int) -> str:
    output: Any = importlib.import_module("google.colab.output")
    return str(output.eval_js(f"google.colab.kernel.proxyPort({port})"))


def _of_codespaces() -> Frontend | None:
    name, domain = os.environ.get("CODESPACE_NAME"), os.environ.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    return _forwarded(f"https://{name}-{_PORT}.{domain}/") if name and domain else None


def _of_vscode_in_browser() -> Frontend | None:
    """By the address of its ports. One that is relative to its page leads nowhere from a notebook, which is a frame."""
    address = os.environ.get("VSCODE_PROXY_URI", "")
    return _forwarded(address) if _PORT in address and address.startswith(("http://", "https://")) else None


def _forwarded(address: str) -> Frontend:
    """At an address with a port in it. Frames of another origin keep no cookie, so that no token can be asked for."""
    parts = urlsplit(address)
    pages = re.escape(f"{parts.scheme}://{parts.netloc.lower()}").replace(re.escape(_PORT), "[0-9]+")
    return Frontend(lambda port: address.replace(_PORT, str(port)), pages=re.compile(pages))


def _base_url() -> str | None:
    """The path of the Jupyter server that has started this kernel; None where another program has."""
    for server in _running_servers():
        if str(server.get("pid")) == os.environ.get("JPY_PARENT_PID"):
            return str(server.get("base_url", "/"))
    return None


def _running_servers() -> Iterator[dict[str, Any]]:
    """What Jupyter's servers on this machine tell of themselves."""
    paths: Any = importlib.import_module("jupyter_core.paths")
    for path in Path(paths.jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            told = json.loads(path.read_text())
        except (OSError, ValueError):  # It is just being written, or removed.
            continue
        if isinstance(told, dict):
            yield told
