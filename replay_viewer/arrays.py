"""Arrays of whatever library a simulator uses, as numpy arrays; torch is never imported."""

from __future__ import annotations

import sys
from typing import Any, Sequence

import numpy as np


def as_array(values: Any) -> np.ndarray:
    """A numpy array of numbers, sequences, arrays or torch tensors, on whatever device; may share their memory."""
    if isinstance(values, np.ndarray):
        return values
    if not hasattr(values, "detach"):
        return np.asarray(values)
    found = numpy_if_on_host(values)
    return found if isinstance(found, np.ndarray) else _detached(values.cpu())


def numpy_if_on_host(array: Any) -> Any:
    """A tensor in the host's memory as a numpy array on that memory, since numpy is the faster one with few rows.

    Tensors elsewhere, and numpy arrays, are returned as they are.
    """
    if isinstance(array, np.ndarray) or array.is_cuda:
        return array
    try:
        # Asked for at once: in a step that takes microseconds, the questions would cost as much as the answer.
        return array.numpy()
    except (TypeError, RuntimeError):  # On another device, or with gradients.
        return array if array.device.type != "cpu" else _detached(array)


def numbers_like(example: Any, numbers: Sequence[float]) -> Any:
    """Numbers as a one-dimensional array of the library and type of an example, where that is."""
    return np.array(numbers, example.dtype) if isinstance(example, np.ndarray) else example.new_tensor(numbers)


def moved_to(example: Any, rows: Any) -> Any:
    """Numbers where an example is: as a numpy array, or as a tensor on its device."""
    if isinstance(example, np.ndarray):
        return as_array(rows)
    return sys.modules["torch"].as_tensor(rows, device=example.device)


def _detached(tensor: Any) -> np.ndarray:
    """A tensor with gradients, or of a type that numpy has not, such as bfloat16."""
    try:
        return tensor.detach().numpy()
    except TypeError:
        return tensor.detach().float().numpy()
