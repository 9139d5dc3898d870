"""Weights out of files that PyTorch wrote, read without running anything that stands in them, and the actor in them.

The actor is that of a checkpoint of rsl_rl: a multilayer perceptron, perhaps behind a normalisation of observations.
Layouts, by version of rsl_rl:

    1.x, 2.x   model_state_dict: std, actor.0.weight, ..., critic...; obs_norm_state_dict beside it
    3.x, 4.x   model_state_dict: std, actor.0.weight, ..., actor_obs_normalizer._mean, ...
    5.x        actor_state_dict: distribution.std_param, mlp.0.weight, ..., obs_normalizer._mean, ...

and a state_dict alone: of such a model, or of a `torch.nn.Sequential` (0.weight, ...). What else a network has (a
memory, a camera's layers, an adaptation module) is not in the file as a program, so such actors are refused.
"""

from __future__ import annotations

import inspect
import pickle
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, Mapping

from ...errors import FileProblem
from ...files.regular import open_regular
from ...files.zips import SIGNATURE

# rsl_rl's EmpiricalNormalization adds it to the standard deviation; it is not saved.
NORMALIZATION_EPS = 1e-2
# All that a dictionary of tensors needs.
_BUILDERS = {
    ("collections", "OrderedDict"),
    ("torch", "Size"),
    ("torch._utils", "_rebuild_parameter"),
    ("torch._utils", "_rebuild_tensor_v2"),
}
_STORAGE = re.compile(r"(BFloat16|Bool|Byte|Char|Double|Float|Half|Int|Long|Short)Storage")
_DAMAGE = (RuntimeError, EOFError, LookupError, ValueError, TypeError, AttributeError, AssertionError, OSError)
# Names in a checkpoint: of the dictionary of tensors, and of what stands in it.
_STATES = ("actor_state_dict", "model_state_dict", "student_state_dict")
_LAYER = re.compile(r"(?:(actor|student|mlp)\.)?(\d+)\.(weight|bias)")
_NORMALIZERS = ("obs_normalizer", "actor_obs_normalizer", "student_obs_normalizer")
_SPREAD = re.compile(r"(log_)?std|distribution\.(log_)?std_param")
_OF_TRAINING = re.compile(r"(critic|teacher|critic_obs_normalizer|teacher_obs_normalizer)\..*")
_FIX = "Export the policy as TorchScript (rsl_rl: runner.export_policy_to_jit) or ONNX, or pass a function."


def is_torchscript(path: Path) -> bool:
    """Whether the file is a program, as `torch.jit.save` writes it."""
    return any(re.fullmatch(r"[^/]+/(constants\.pkl|code/.*)", name) for name in _member_names(path))


def is_weights(path: Path) -> bool:
    """Whether the file is of the form of `torch.save`, PyTorch 1.6 or newer. The form before that could run code.

    PyTorch goes by the first bytes, zipfile by the last ones: a file may be both.
    """
    with open_regular(path) as file:
        begins_so = file.read(len(SIGNATURE)) == SIGNATURE
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


@dataclass(frozen=True)
class ActorWeights:
    """Tensors of the actor.

    Attributes:
        layers: (weight (out, in), bias (out,)) of each linear layer; between them is an activation.
        mean: (1, num_observations), subtracted from the observations; None where they are not normalised.
        std: (1, num_observations), by which they are divided after that, or None.
    """

    layers: list[tuple[Any, Any]]
    mean: Any = None
    std: Any = None


def find_actor(checkpoint: Any, where: object) -> ActorWeights:
    """The actor in what `torch.save` wrote. Raises FileProblem where there is none, or one that is no plain MLP."""
    if not isinstance(checkpoint, Mapping):
        raise FileProblem(where, f"holds a {type(checkpoint).__name__}, not the weights of a policy.", _FIX)
    state = next((checkpoint[name] for name in _STATES if isinstance(checkpoint.get(name), Mapping)), checkpoint)
    layers = _find_layers(state, where)
    normalization = _find_normalization(state, checkpoint.get("obs_norm_state_dict"))
    size = layers[0][0].shape[1]
    for values in normalization:
        if values.numel() != size:
            raise FileProblem(where, f"normalises {values.numel()} observations, but its actor takes {size}.")
    return ActorWeights(layers, *normalization)


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


def _find_layers(state: Mapping[str, Any], where: object) -> list[tuple[Any, Any]]:
    found: dict[int, dict[str, Any]] = {}
    others, prefixes = [], set()
    for name, value in state.items():
        match = _LAYER.fullmatch(str(name))
        if match:
            prefixes.add(match[1])
            found.setdefault(int(match[2]), {})[match[3]] = value
        elif not (_SPREAD.fullmatch(str(name)) or _OF_TRAINING.fullmatch(str(name)) or _is_normalizer(str(name))):
            others.append(str(name))
    if not found or others or len(prefixes) > 1:
        names = ", ".join(others[:5] or list(map(str, state))[:5]) or "nothing"
        raise FileProblem(where, f"holds no actor that is a plain MLP; among its names are {names}.", _FIX)
    if prefixes != {None} and not any(_SPREAD.fullmatch(str(name)) for name in state):
        # The spread is then computed by the network, so that its outputs are not the actions alone.
        raise FileProblem(where, "holds an actor without a standard deviation of its actions.", _FIX)
    return _chained([found[number] for number in sorted(found)], sorted(found), where)


def _chained(layers: list[dict[str, Any]], numbers: list[int], where: object) -> list[tuple[Any, Any]]:
    """The layers, which must fit together: linear ones, with nothing but an activation between two of them."""
    fits = numbers == list(range(0, 2 * len(numbers), 2))
    fits = fits and all(set(layer) == {"weight", "bias"} and layer["weight"].ndim == 2 for layer in layers)
    pairs = [(layer["weight"], layer["bias"]) for layer in layers] if fits else []
    fits = fits and all(bias.shape == weight.shape[:1] for weight, bias in pairs)
    fits = fits and all(a[0].shape[0] == b[0].shape[1] for a, b in zip(pairs, pairs[1:]))
    if not fits:
        raise FileProblem(where, "holds an actor that is no chain of linear layers and activations.", _FIX)
    return pairs


def _is_normalizer(name: str) -> bool:
    return name.rpartition(".")[0] in _NORMALIZERS


def _find_normalization(state: Mapping[str, Any], beside: Any) -> tuple[Any, ...]:
    """(mean, std), or () without a normalisation."""
    for name in _NORMALIZERS:
        if f"{name}._mean" in state and f"{name}._std" in state:
            return state[f"{name}._mean"], state[f"{name}._std"]
    if isinstance(beside, Mapping) and "_mean" in beside and "_std" in beside:
        return beside["_mean"], beside["_std"]
    return ()
