"""Policies out of files: `make_policy(path)` gives a function from observations to actions."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from ...arrays import as_array
from ...errors import BadArgument, FileProblem, UnknownName, listing
from ...files.regular import open_regular
from .env_and_policy import groups_of, own_group
from .weights import NORMALIZATION_EPS, ActorWeights, find_actor, is_torchscript, is_weights, load_weights

# By the names that rsl_rl has for them, the classes of torch.nn.
_ACTIVATIONS = {
    "elu": "ELU",
    "selu": "SELU",
    "relu": "ReLU",
    "crelu": "CELU",
    "lrelu": "LeakyReLU",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "gelu": "GELU",
    "swish": "SiLU",
    "mish": "Mish",
    "identity": "Identity",
}
_KNOWN = (
    "Known are TorchScript (torch.jit.save), a checkpoint or state_dict of an rsl_rl actor (torch.save) and ONNX "
    "(.onnx). For anything else pass a function from observations to actions: "
    "RolloutRecorder(env).run(lambda obs: my_network(obs))."
)
Policy = Callable[[Any], Any]


def make_policy(path: str | Path, *, activation: str = "elu", groups: Sequence[str] | None = None) -> Policy:
    """Load a policy: a function from observations to actions, without randomness.

    Observations are arrays or tensors (num_envs, num_observations), or (num_observations,) of a single environment, or
    a dictionary of them by group. Actions come back as what the observations were: NumPy's arrays or tensors on the
    same device.

    Of an rsl_rl checkpoint the weights alone are read, by PyTorch's own safe way or by one that builds nothing but
    tensors. TorchScript is a program: load it only from where you would take a program; a memory that it has goes on
    over the ends of episodes. With Isaac Gym, import isaacgym first: this imports torch.

    Args:
        path: TorchScript, a checkpoint or state_dict of an rsl_rl actor (.pt), or ONNX (.onnx; needs onnxruntime).
        activation: between the layers of an actor, which its weights do not tell: elu, relu, tanh, ...
        groups: of a dictionary of observations, those that the policy takes, side by side; without it "policy",
            "actor", "obs" or the only one.

    Raises:
        FileProblem: no such file, none of these, damaged, or its library is not installed.
        UnknownName: no such activation.
    """
    path = Path(path)
    if activation not in _ACTIVATIONS:
        raise UnknownName("activation", activation, tuple(_ACTIVATIONS), "torch.nn")
    try:
        open_regular(path).close()  # A library that is given a pipe or a device waits for ever.
    except OSError as error:
        is_gone = isinstance(error, FileNotFoundError)
        problem = "there is no such file." if is_gone else f"cannot be read: {error.strerror or error}."
        raise FileProblem(path, problem) from error
    if path.suffix.lower() == ".onnx":
        return _on_arrays(_load_onnx(path), groups)
    if is_torchscript(path):
        torch = _imported("torch", path)
        return _on_tensors(_load_script(path, torch), torch, groups)
    if is_weights(path):
        torch = _imported("torch", path)
        actor = find_actor(load_weights(path, torch), path)
        return _on_tensors(_Actor(actor, torch, activation), torch, groups)
    raise FileProblem(path, "is no policy that can be loaded.", _KNOWN)


def _imported(name: str, path: Path) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileProblem(path, f"needs {name}, which is not installed here.", f"pip install {name}") from error


def _load_script(path: Path, torch: Any) -> Any:
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise FileProblem(path, "cannot be read by torch.jit.load: it is damaged.", "Save it again.") from error


def _load_onnx(path: Path) -> Policy:
    """From (num_envs, num_observations) float32 to (num_envs, num_actions)."""
    library = _imported("onnxruntime", path)
    try:
        session = library.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no other base.
        raise FileProblem(path, "cannot be read by onnxruntime: it is damaged.", "Export it again.") from error
    inputs, outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
    if len(inputs) != 1:
        problem = f"takes {listing(given.name for given in inputs)}, not observations alone: it may have a memory."
        raise FileProblem(path, problem, _KNOWN)
    wanted = "actions" if "actions" in outputs else outputs[0]

    def network(obs: np.ndarray) -> np.ndarray:
        num_envs, size = inputs[0].shape[0], inputs[0].shape[-1]
        if isinstance(size, int):
            _check_size(obs, size)
        # Exporters fix the number of rows to that of their example, one.
        batches = np.split(obs, len(obs)) if num_envs == 1 else [obs]
        return np.concatenate([session.run([wanted], {inputs[0].name: batch})[0] for batch in batches])

    return network


def _check_size(obs: Any, expected: int) -> None:
    if obs.shape[-1] != expected:
        raise BadArgument("observations", tuple(obs.shape), f"the policy takes {expected} numbers per env.")


class _Actor:
    """An rsl_rl actor, (num_envs, num_observations) to (num_envs, num_actions)."""

    def __init__(self, weights: ActorWeights, torch: Any, activation: str) -> None:
        self._mean, self._std = weights.mean, weights.std
        modules = []
        for weight, bias in weights.layers:
            layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
            layer.load_state_dict({"weight": weight, "bias": bias})
            modules += [layer, getattr(torch.nn, _ACTIVATIONS[activation])()]
        self._layers = torch.nn.Sequential(*modules[:-1])

    def to(self, device: Any) -> _Actor:
        """Move to a device."""
        self._layers.to(device)
        if self._mean is not None:
            self._mean, self._std = self._mean.to(device), self._std.to(device)
        return self

    def __call__(self, obs: Any) -> Any:
        _check_size(obs, self._layers[0].in_features)
        return self._layers(obs if self._mean is None else (obs - self._mean) / (self._std + NORMALIZATION_EPS))


def _on_tensors(network: Any, torch: Any, groups: Sequence[str] | None) -> Policy:
    """A policy out of a network of tensors (num_envs, ...), which follows the observations to their device."""
    device = None

    def policy(observations: Any) -> Any:
        nonlocal device
        obs = _chosen(observations, groups)
        given = torch.as_tensor(obs, dtype=torch.float32)
        if given.device != device:
            device = given.device
            network.to(device)
        with torch.no_grad():
            actions = network(given) if given.ndim > 1 else network(given[None])[0]
        return actions if hasattr(obs, "detach") else actions.cpu().numpy()

    return policy


def _on_arrays(network: Policy, groups: Sequence[str] | None) -> Policy:
    """A policy out of a network of arrays (num_envs, ...)."""

    def policy(observations: Any) -> Any:
        obs = _chosen(observations, groups)
        given = np.asarray(as_array(obs), np.float32)
        actions = network(given) if given.ndim > 1 else network(given[None])[0]
        # A tensor's `new_tensor` keeps its device without importing torch here.
        return obs.new_tensor(actions) if hasattr(obs, "new_tensor") else actions

    return policy


def _chosen(observations: Any, groups: Sequence[str] | None) -> Any:
    """The policy's own observations as one array or tensor."""
    found = groups_of(observations)
    if found is None:
        return observations
    if groups is None:
        own = own_group(found)
        groups = [] if own is None else [own]
    if not groups:
        raise BadArgument("observations", listing(found), "state the policy's: make_policy(path, groups=[...]).")
    for name in groups:
        if name not in found:
            raise UnknownName("group", name, tuple(found), "the observations")
    chosen = [found[name] for name in groups]
    if len(chosen) == 1:
        return chosen[0]
    if hasattr(chosen[0], "detach"):
        return sys.modules["torch"].cat(chosen, -1)
    return np.concatenate(chosen, axis=-1)
