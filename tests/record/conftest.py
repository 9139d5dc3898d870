"""What the tests of several families of environments share."""

from __future__ import annotations

import pytest

from replay_viewer.record import gatherer, rows


@pytest.fixture(params=["numpy", "torch", "torch elsewhere"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The arrays' library. Tensors elsewhere than in the host's memory must not be taken for numpy arrays."""
    name, _, elsewhere = request.param.partition(" ")
    if name == "torch":
        pytest.importorskip("torch")
    if elsewhere:
        for module in (gatherer, rows):
            monkeypatch.setattr(module, "numpy_if_on_host", lambda array: array)
    return name
