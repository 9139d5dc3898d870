"""The actor in a checkpoint of rsl_rl: a multilayer perceptron, perhaps behind a normalisation of observations.

Layouts, by version of rsl_rl:

    1.x, 2.x   model_state_dict: std, actor.0.weight, ..., critic...; obs_norm_state_dict beside it
    3.x, 4.x   model_state_dict: std, actor.0.weight, ..., actor_obs_normalizer._mean, ...
    5.x        actor_state_dict: distribution.std_param, mlp.0.weight, ..., obs_normalizer._mean, ...

and a state_dict alone: of such a model, or of a `torch.nn.Sequential` (0.weight, ...). What else a network has (a
memory, a camera's layers, an adaptation module) is not in the file as a program, so such actors are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Mapping

from ..errors import FileProblem

# rsl_rl's EmpiricalNormalization adds it to the standard deviation; it is not saved.
NORMALIZATION_EPS = 1e-2

_STATES = ("actor_state_dict", "model_state_dict", "student_state_dict")
_LAYER = re.compile(r"(?:(actor|student|mlp)\.)?(\d+)\.(weight|bias)")
_NORMALIZERS = ("obs_normalizer", "actor_obs_normalizer", "student_obs_normalizer")
_SPREAD = re.compile(r"(log_)?std|distribution\.(log_)?std_param")
_OF_TRAINING = re.compile(r"(critic|teacher|critic_obs_normalizer|teacher_obs_normalizer)\..*")
_FIX = "Export the policy as TorchScript (rsl_rl: runner.export_policy_to_jit) or ONNX, or pass a function."


@dataclass(frozen=True)
class ActorWeights:
    """Tensors of the actor.

    Attributes:
        layers: (weight (out, in), bias (out,)) of each linear layer; between them is an activation.
        mean, std: (1, num_observations) by which observations are normalised, or None.
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
