"""Files of weights that PyTorch wrote, read without running anything that stands in them."""

from __future__ import annotations

import inspect
import pickle
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

from ...errors import FileProblem

# All that a dictionary of tensors needs.
_BUILDERS = {
    ("collections", "OrderedDict"),
    ("torch", "Size"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor_v2"),
}
_STORAGE = re.compile(r"(BFloat16|Bool|Byte|Char|Double|Float|Half|Int|Long|Short)Storage")
_ZIP = b"PK\x03\x04"
_DAMAGE = (RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError, AssertionError, OSError)


def is_torchscript(path: Path) -> bool:
    """Whether the file is a program, as `torch.jit.save` writes it."""
    return any(re.fullmatch(r"[^/]+/(constants\.pkl|code/.*)", name) for name in _member_names(path))


def is_weights(path: Path) -> bool:
    """Whether the file is of the form of `torch.save`, PyTorch 1.6 or newer. The form before that could run code.

    PyTorch goes by the first bytes, zipfile by the last ones: a file may be both.
    """
    with open(path, "rb") as file:
        begins_so = file.read(len(_ZIP)) == _ZIP
    return begins_so and any(re.fullmatch(r"[^/]+/data\.pkl", name) for name in _member_names(path))


def load_weights(path: Path, torch: Any) -> Any:
    """What `torch.save` wrote, if it is made of tensors, numbers, text and containers alone; tensors on the CPU.

    Raises FileProblem for anything else, and for a damaged file.
    """
    # PyTorch before 1.13 has no such argument.
    if "weights_only" in inspect.signature(torch.load).parameters:
        how: dict[str, Any] = {"weights_only": True}
    else:
        how = {"pickle_module": SimpleNamespace(Unpickler=_WeightsUnpickler, load=_load, __name__="pickle")}
    try:
        return torch.load(str(path), map_location="cpu", **how)
    except pickle.UnpicklingError as error:
        fix = "Save the weights alone: torch.save({'model_state_dict': network.state_dict()}, path)."
        raise FileProblem(path, "holds more than weights, or is damaged; nothing in it was run.", fix) from error
    except _DAMAGE as error:
        raise FileProblem(path, "cannot be read by PyTorch: it is damaged.", "Copy or save it again.") from error


class _WeightsUnpickler(pickle.Unpickler):
    """Builds containers and tensors, and refuses every other name in the file."""

    def find_class(self, module: str, name: str) -> Any:
        is_known = (module, name) in _BUILDERS or (module == "torch" and _STORAGE.fullmatch(name) is not None)
        if not is_known:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of weights")
        return super().find_class(module, name)


def _load(file: BinaryIO, **how: Any) -> Any:
    return _WeightsUnpickler(file, **how).load()


def _member_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(str(path)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []
