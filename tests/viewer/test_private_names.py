"""What this package uses of viser without a promise: all of it is listed, stands in one place, and is still there."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import time
from collections.abc import Iterator
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import viser
from viser import _messages
from viser_servers import connected_browser, running_server

from replay_viewer.viewer.wire.private_names import ATTRIBUTES, CLASSES, MESSAGES

_VIEWER = Path(str(files("replay_viewer.viewer")))
_WIRE = _VIEWER / "wire"
_VISER_JS = _VIEWER / "page" / "viser.js"


@pytest.fixture(scope="module")
def objects() -> Iterator[dict[str, Any]]:
    """What attributes are looked for on, by the name that the list gives it."""
    with running_server() as server, connected_browser(server.get_port()):
        end = time.monotonic() + 30
        while not server.get_clients():
            assert time.monotonic() < end
            time.sleep(0.01)
        box = np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.uint32)
        poses = np.tile(np.array([1, 0, 0, 0], np.float32), (2, 1)), np.zeros((2, 3), np.float32)
        yield {
            "server": server,
            "node": server.scene.add_frame("/node"),
            "instances": server.scene.add_batched_meshes_simple("/instances", *box, *poses),
            "control": server.gui.add_text("control", ""),
            "button": server.gui.add_button("button"),
            "client": next(iter(server.get_clients().values())),
        }


def lacking(objects: dict[str, Any]) -> str:
    """What this viser lacks of the list, in one sentence; "" where it has everything."""
    classes = {**{f"viser._messages.{name}": fields for name, fields in MESSAGES.items()}, **CLASSES}
    names = [found for path, arguments in classes.items() if (found := _lacking_of(path, arguments))]
    names += [f"{path} ({use})" for path, use in ATTRIBUTES.items() if not _has(objects, path)]
    return f"viser {viser.__version__} lacks what viewer/wire uses: {', '.join(names)}." if names else ""


def _lacking_of(path: str, arguments: tuple[str, ...]) -> str:
    """The class with the arguments that it does not take; the class alone where there is none; "" where all is well."""
    module, _, name = path.rpartition(".")
    try:
        found = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    except (ImportError, AttributeError):
        return path
    unknown = [argument for argument in arguments if argument not in found]
    return f"{path}({', '.join(unknown)})" if unknown else ""


def _has(objects: dict[str, Any], path: str) -> bool:
    root, _, attributes = path.partition(".")
    try:
        attrgetter(attributes)(objects[root])
    except AttributeError:
        return False
    return True


def test_viser_has_all_that_is_used_without_a_promise(objects: dict[str, Any]) -> None:
    assert lacking(objects) == ""


def test_what_a_newer_viser_lacks_is_said_in_one_sentence(
    objects: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(_messages, "SetPositionMessage")
    monkeypatch.setattr(_messages, "SetCameraFovMessage", lambda field_of_view: None)
    monkeypatch.delattr(type(objects["server"].gui), "_handle_gui_updates")
    assert lacking(objects) == (
        f"viser {viser.__version__} lacks what viewer/wire uses: viser._messages.SetPositionMessage, "
        "viser._messages.SetCameraFovMessage(fov, initial), "
        "server.gui._handle_gui_updates (what viser does with a checked value)."
    )


def test_all_that_wire_uses_without_a_promise_is_listed() -> None:
    attributes = {part for path in ATTRIBUTES for part in path.split(".")}
    modules = {path.rpartition(".")[0] for path in CLASSES} | {"viser._messages"}
    for path in sorted(_WIRE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("viser"):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                assert names <= modules | CLASSES.keys(), f"{path}: {names}"
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value)
                is_private = re.match("_[a-z]", node.attr) and owner not in ("self", "cls")
                assert not is_private or node.attr in attributes, f"{path}: {owner}.{node.attr}"
                assert owner != "_messages" or node.attr in MESSAGES, f"{path}: {owner}.{node.attr}"


@pytest.mark.parametrize(
    ("kind", "home", "private"),
    [
        ("py", _WIRE, r"\._impl\b|\b_messages\b|\b_websock|\b_infra\b|__viser|viser\._|_gui_api\b|_scene_api\b"),
        ("js", _VISER_JS, r"__viser|mantine|data-(dock|engine)|\[role=|uplot|\b[A-Z]\w+Message\b|webgl-|viser-control"),
    ],
)
def test_nothing_else_reaches_into_viser(kind: str, home: Path, private: str) -> None:
    for path in sorted(_VIEWER.rglob(f"*.{kind}")):
        if home not in (path, *path.parents):
            found = re.search(private, path.read_text())
            assert not found, f"{path} uses {found.group()}"
