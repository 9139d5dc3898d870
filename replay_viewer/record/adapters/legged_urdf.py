"""Where the URDF of a legged_gym environment lies."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_FIX = "Pass attach(urdf=...), or give it to the viewer with --urdf."


def find_urdf(env: Any, setting: str = "file", fix: str = _FIX) -> tuple[Path | None, list[str]]:
    """The file that `cfg.asset.<setting>` names, or None and a sentence that says why not, and how to fix it.

    `{LEGGED_GYM_ROOT_DIR}` and the like are names in the modules that define the environment's classes, or in their
    packages.
    """
    named = str(getattr(env.cfg.asset, setting, ""))
    try:
        path = Path(_PLACEHOLDER.sub(lambda match: str(_root(env, match[1])), named))
    except LookupError as unknown:
        return None, [f"the URDF {named!r} is not carried: no module of the environment has {unknown.args[0]}. {fix}"]
    if path.suffix.lower() != ".urdf":
        return None, [f"the file {named!r} is no URDF, so the recording carries none. {fix}"]
    if not path.is_file():
        return None, [f"the URDF {path} is not there, so the recording carries none. {fix}"]
    return path, []


def _root(env: Any, name: str) -> object:
    for cls in type(env).__mro__:
        package = cls.__module__.partition(".")[0]
        for module in (sys.modules.get(cls.__module__), sys.modules.get(package)):
            if hasattr(module, name):
                return getattr(module, name)
    raise LookupError(name)
