"""Policies out of files: TorchScript, actors of rsl_rl of every layout, ONNX, and files that are none of these."""

from __future__ import annotations

import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from special_files import SPECIAL, put_special, time_limit

from replay_viewer import make_policy
from replay_viewer.errors import BadArgument, FileProblem, UnknownName

OBS, HIDDEN, ACTIONS = 6, 5, 3


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture
def network(torch: Any) -> Any:
    torch.manual_seed(0)
    nn = torch.nn
    return nn.Sequential(
        *(nn.Linear(OBS, HIDDEN), nn.ELU(), nn.Linear(HIDDEN, HIDDEN), nn.ELU(), nn.Linear(HIDDEN, ACTIONS))
    )


@pytest.fixture
def obs() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4, OBS)).astype(np.float32)


def expected(network: Any, torch: Any, obs: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return network(torch.from_numpy(obs)).numpy()


def saved(torch: Any, content: Any, tmp_path: Path) -> Path:
    path = tmp_path / "model_100.pt"
    torch.save(content, str(path))
    return path


def renamed(network: Any, prefix: str) -> dict[str, Any]:
    return {prefix + name: value for name, value in network.state_dict().items()}


def normalization(torch: Any, prefix: str = "") -> dict[str, Any]:
    mean, std = torch.linspace(-1, 1, OBS)[None], torch.linspace(0.5, 2, OBS)[None]
    return {prefix + name: value for name, value in {"_mean": mean, "_var": std**2, "_std": std}.items()}


def checkpoint(layout: str, network: Any, torch: Any) -> tuple[dict[str, Any], bool]:
    """What each version of rsl_rl saves, and whether it normalises observations."""
    std, critic = (
        {"std": torch.ones(ACTIONS)},
        {"critic.0.weight": torch.zeros(1, OBS), "critic.0.bias": torch.zeros(1)},
    )
    optimizer = {"state": {}, "param_groups": [{"lr": 1e-3}]}
    rest: dict[str, Any] = {"optimizer_state_dict": optimizer, "iter": 7, "infos": None}
    actor = {**std, **renamed(network, "actor."), **critic}
    counted = {"count": torch.tensor(9)}
    found: dict[str, tuple[dict[str, Any], bool]] = {
        "1.x": ({"model_state_dict": actor, **rest}, False),
        "2.x": ({"model_state_dict": actor, "obs_norm_state_dict": {**normalization(torch), **counted}, **rest}, True),
        "3.x": ({"model_state_dict": {**actor, **normalization(torch, "actor_obs_normalizer.")}, **rest}, True),
        "5.x": (
            {
                "actor_state_dict": {
                    "distribution.std_param": torch.ones(ACTIONS),
                    **renamed(network, "mlp."),
                    **normalization(torch, "obs_normalizer."),
                },
                "critic_state_dict": renamed(network, "mlp."),
                **rest,
            },
            True,
        ),
        "state_dict": (actor, False),
        "Sequential": (dict(network.state_dict()), False),
    }
    return found[layout]


@pytest.mark.parametrize("layout", ["1.x", "2.x", "3.x", "5.x", "state_dict", "Sequential"])
def test_an_actor_of_every_layout_gives_its_actions(
    layout: str, torch: Any, network: Any, obs: np.ndarray, tmp_path: Path
) -> None:
    content, is_normalised = checkpoint(layout, network, torch)
    policy = make_policy(saved(torch, content, tmp_path))
    seen = obs
    if is_normalised:
        stats = normalization(torch)
        seen = (obs - stats["_mean"].numpy()) / (stats["_std"].numpy() + np.float32(0.01))
    np.testing.assert_allclose(policy(obs), expected(network, torch, seen), rtol=1e-5, atol=1e-6)


def test_the_activation_is_an_argument(torch: Any, network: Any, obs: np.ndarray, tmp_path: Path) -> None:
    path = saved(torch, {"model_state_dict": {"std": torch.ones(ACTIONS), **renamed(network, "actor.")}}, tmp_path)
    tanh = torch.nn.Sequential(*(torch.nn.Tanh() if isinstance(m, torch.nn.ELU) else m for m in network))
    np.testing.assert_allclose(make_policy(path, activation="tanh")(obs), expected(tanh, torch, obs), rtol=1e-5)
    with pytest.raises(UnknownName, match=r"activation 'sin' is not in torch.nn. Known activations: elu"):
        make_policy(path, activation="sin")


def test_torchscript_gives_its_actions(torch: Any, network: Any, obs: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    torch.jit.script(network).save(str(path))
    np.testing.assert_array_equal(make_policy(path)(obs), expected(network, torch, obs))


def test_actions_come_back_as_what_the_observations_were(
    torch: Any, network: Any, obs: np.ndarray, tmp_path: Path
) -> None:
    policy = make_policy(saved(torch, network.state_dict(), tmp_path))
    assert isinstance(policy(obs), np.ndarray)
    assert policy(obs).dtype == np.float32
    assert isinstance(policy(torch.from_numpy(obs)), torch.Tensor)
    assert not policy(torch.from_numpy(obs)).requires_grad
    np.testing.assert_allclose(policy(obs[0].astype(np.float64)), policy(obs)[0], rtol=1e-5)


def test_of_a_dictionary_the_policys_group_is_taken(torch: Any, network: Any, obs: np.ndarray, tmp_path: Path) -> None:
    path = saved(torch, network.state_dict(), tmp_path)
    actions = make_policy(path)(obs)
    np.testing.assert_array_equal(make_policy(path)({"critic": obs[:, :2], "policy": obs}), actions)
    parts = {"a": obs[:, :2], "b": obs[:, 2:]}
    np.testing.assert_array_equal(make_policy(path, groups=["a", "b"])(parts), actions)
    tensors = {name: torch.from_numpy(part) for name, part in parts.items()}
    np.testing.assert_array_equal(make_policy(path, groups=["a", "b"])(tensors).numpy(), actions)
    with pytest.raises(BadArgument, match=r"observations a, b: state the policy's: make_policy\(path, groups"):
        make_policy(path)(parts)
    with pytest.raises(UnknownName, match=r"group 'c' is not in the observations. Known groups: a, b"):
        make_policy(path, groups=["c"])(parts)


def test_observations_of_another_size_are_named(torch: Any, network: Any, obs: np.ndarray, tmp_path: Path) -> None:
    policy = make_policy(saved(torch, network.state_dict(), tmp_path))
    with pytest.raises(BadArgument, match=r"observations \(4, 2\): the policy takes 6 numbers per env"):
        policy(obs[:, :2])


@pytest.fixture
def save_onnx(tmp_path: Path) -> Any:
    """Writes a model of one linear layer: (weight, bias, rows that it takes, names of its inputs) -> path."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT

    def save(weight: np.ndarray, bias: np.ndarray, rows: Any = "n", inputs: tuple = ("obs",)) -> Path:
        sizes = {"obs": OBS, "memory": ACTIONS}
        graph = helper.make_graph(
            [
                helper.make_node("Gemm", ["obs", "w", "b"], ["actions"]),
                helper.make_node("Neg", ["actions"], ["value"]),
            ],
            "policy",
            [helper.make_tensor_value_info(name, kind, [rows, sizes[name]]) for name in inputs],
            [helper.make_tensor_value_info(name, kind, [rows, ACTIONS]) for name in ("value", "actions")],
            [onnx.numpy_helper.from_array(weight, "w"), onnx.numpy_helper.from_array(bias, "b")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        path = tmp_path / "policy.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return save


@pytest.fixture
def linear() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(OBS, ACTIONS)).astype(np.float32), rng.normal(size=ACTIONS).astype(np.float32)


@pytest.mark.parametrize("rows", ["n", 1])
def test_an_onnx_file_gives_its_actions_for_any_number_of_envs(
    rows: Any, save_onnx: Any, linear: tuple, obs: np.ndarray
) -> None:
    weight, bias = linear
    policy = make_policy(save_onnx(weight, bias, rows))
    np.testing.assert_allclose(policy(obs), obs @ weight + bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(policy(obs[0]), policy(obs)[0], rtol=1e-5)
    with pytest.raises(BadArgument, match="the policy takes 6 numbers per env"):
        policy(obs[:, :2])


def test_an_onnx_file_gives_tensors_for_tensors(torch: Any, save_onnx: Any, linear: tuple, obs: np.ndarray) -> None:
    policy = make_policy(save_onnx(*linear))
    np.testing.assert_array_equal(policy(torch.from_numpy(obs)).numpy(), policy(obs))


def test_an_onnx_file_with_a_memory_is_refused(save_onnx: Any, linear: tuple) -> None:
    with pytest.raises(FileProblem, match="takes obs, memory, not observations alone"):
        make_policy(save_onnx(*linear, inputs=("obs", "memory")))


def test_a_damaged_onnx_file_is_one_clear_error(save_onnx: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(FileProblem, match=r"bad\.onnx: cannot be read by onnxruntime"):
        make_policy(tmp_path / "bad.onnx")


def test_the_library_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    (tmp_path / "policy.onnx").write_bytes(b"")
    with pytest.raises(FileProblem, match=r"needs onnxruntime, which is not installed here. pip install onnxruntime"):
        make_policy(tmp_path / "policy.onnx")


class Attack:
    """An object whose pickle makes a file when it is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.target,))


def test_nothing_in_a_checkpoint_is_run(torch: Any, network: Any, tmp_path: Path) -> None:
    content = {"model_state_dict": network.state_dict(), "infos": Attack(tmp_path / "was_run")}
    path = saved(torch, content, tmp_path)
    with pytest.raises(FileProblem, match="holds more than weights, or is damaged; nothing in it was run"):
        make_policy(path)
    assert not (tmp_path / "was_run").exists()


def test_a_file_that_is_an_old_checkpoint_and_a_new_one_at_once_is_not_even_read(torch: Any, tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    torch.save(Attack(tmp_path / "was_run"), str(path), _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(str(path), "a") as archive:
        archive.writestr("policy/data.pkl", b"")
    with pytest.raises(FileProblem, match="is no policy that can be loaded"):
        make_policy(path)
    assert not (tmp_path / "was_run").exists()


def test_a_pickle_that_is_no_zip_is_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "policy.pkl").write_bytes(pickle.dumps(Attack(tmp_path / "was_run")))
    with pytest.raises(FileProblem, match=r"is no policy that can be loaded. Known are .* RolloutRecorder\(env\)\.run"):
        make_policy(tmp_path / "policy.pkl")
    assert not (tmp_path / "was_run").exists()


@pytest.mark.parametrize("suffix", ["pt", "onnx"])
@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_holds_nothing_up(tmp_path: Path, kind: str, suffix: str) -> None:
    path = put_special(tmp_path / f"policy.{suffix}", kind)
    with time_limit(10), pytest.raises(FileProblem, match="not a file"):
        make_policy(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="there is no such file"):
        make_policy(tmp_path / "policy.pt")


def test_a_damaged_file_is_one_clear_error(torch: Any, network: Any, tmp_path: Path) -> None:
    path = saved(torch, network.state_dict(), tmp_path)
    with zipfile.ZipFile(str(path)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, content in members.items():
        if name.endswith("data.pkl"):
            members[name] = content[: len(content) // 2]
    with zipfile.ZipFile(str(path), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(FileProblem, match="damaged") as caught:
        make_policy(path)
    assert "\n" not in str(caught.value)


def test_a_damaged_program_is_one_clear_error(torch: Any, network: Any, tmp_path: Path) -> None:
    path = tmp_path / "policy.pt"
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("policy/code/__torch__.py", "no program")
    with pytest.raises(FileProblem, match=r"cannot be read by torch.jit.load"):
        make_policy(path)


def without_bias(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "actor.2.bias"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda torch, state: [1, 2], "holds a list, not the weights of a policy"),
        (lambda torch, state: {"epoch": 3}, "holds no actor that is a plain MLP; among its names are epoch"),
        (lambda torch, state: {**state, "memory_a.rnn.weight": torch.ones(2, 2)}, "among its names are memory_a.rnn"),
        (lambda torch, state: {n: v for n, v in state.items() if n != "std"}, "without a standard deviation"),
        (lambda torch, state: without_bias(state), "no chain of linear layers"),
        (lambda torch, state: {**state, "actor.2.weight": torch.ones(2, 2)}, "no chain of linear layers"),
        (lambda torch, state: {**state, "actor.1.weight": torch.ones(5)}, "no chain of linear layers"),
        (
            lambda torch, state: {**state, "obs_normalizer._mean": torch.ones(2), "obs_normalizer._std": torch.ones(2)},
            "normalises 2 observations, but its actor takes 6",
        ),
    ],
)
def test_an_actor_that_is_no_plain_mlp_is_refused_with_the_way_out(
    change: Any, message: str, torch: Any, network: Any, tmp_path: Path
) -> None:
    state = {"std": torch.ones(ACTIONS), **renamed(network, "actor.")}
    with pytest.raises(FileProblem, match=message):
        make_policy(saved(torch, change(torch, state), tmp_path))
