"""A pickle is data here: what it holds is read, and nothing that it names is run or imported."""

from __future__ import annotations

import base64
import collections
import fractions
import pickle
import struct
import sys
import tracemalloc
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npz_samples import object_array

from replay_viewer.npz.pickled_values import BadPickle, Budget, Placeholder
from replay_viewer.npz.safe_pickle import loads

PROTOCOLS = range(6)

# pickle.dumps(array of two dicts, protocol) under Python 3.8 with numpy 1.20.3.
OLD_NUMPY = {
    2: "gAJjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApxAGNudW1weQpuZGFycmF5CnEBSwCFcQJjX2NvZGVjcwplbmNvZGUKcQNYAQ"
    "AAAGJxBFgGAAAAbGF0aW4xcQWGcQZScQeHcQhScQkoSwFLAoVxCmNudW1weQpkdHlwZQpxC1gCAAAATzhxDImIh3ENUnEOKEsDWAEAAAB8cQ9OTk5K"
    "/////0r/////Sz90cRBiiV1xESh9cRIoWAwAAAByZXdhcmRfdGVybXNxE31xFChYAQAAAHhxFWgAaAFLAIVxFmgHh3EXUnEYKEsBSwKFcRloC1gCAA"
    "AAZjRxGomIh3EbUnEcKEsDWAEAAAA8cR1OTk5K/////0r/////SwB0cR5iiWgDWAkAAAAAAMKAPwAAAEBxH2gFhnEgUnEhdHEiYlgBAAAAeXEjY251"
    "bXB5LmNvcmUubXVsdGlhcnJheQpzY2FsYXIKcSRoC1gCAAAAZjhxJYmIh3EmUnEnKEsDaB1OTk5K/////0r/////SwB0cShiaANYCAAAAAAAAAAAAA"
    "xAcSloBYZxKlJxK4ZxLFJxLXVYBQAAAHJlc2V0cS5oAGgBSwCFcS9oB4dxMFJxMShLAUsChXEyaAtYAgAAAGIxcTOJiIdxNFJxNShLA2gPTk5OSv//"
    "//9K/////0sAdHE2YoloA1gCAAAAAQBxN2gFhnE4UnE5dHE6YnV9cTtoE31xPGgVaABoAUsAhXE9aAeHcT5ScT8oSwFLAoVxQGgciWgDWAkAAAAAAE"
    "BAAADCgEBxQWgFhnFCUnFDdHFEYnNzZXRxRWIu",
    4: "gASVrAEAAAAAAACMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSH"
    "lFKU"
    "KEsBSwKFlGgDjAVkdHlwZZSTlIwCTziUiYiHlFKUKEsDjAF8lE5OTkr/////Sv////9LP3SUYoldlCh9lCiMDHJld2FyZF90ZXJtc5R9lCiMAXiUaA"
    "JoBUsAhZRoB4eUUpQoSwFLAoWUaAyMAmY0lImIh5RSlChLA4wBPJROTk5K/////0r/////SwB0lGKJQwgAAIA/AAAAQJR0lGKMAXmUaACMBnNjYWxh"
    "cpSTlGgMjAJmOJSJiIeUUpQoSwNoHk5OTkr/////Sv////9LAHSUYkMIAAAAAAAADECUhpRSlHWMBXJlc2V0lGgCaAVLAIWUaAeHlFKUKEsBSwKFlG"
    "gMjAJiMZSJiIeUUpQoSwNoEE5OTkr/////Sv////9LAHSUYolDAgEAlHSUYnV9lGgUfZRoFmgCaAVLAIWUaAeHlFKUKEsBSwKFlGgdiUMIAABAQAAA"
    "gECUdJRic3NldJRiLg==",
}

ARRAYS = {
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3),
    "Fortran order": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "big endian": np.arange(4, dtype=">i4"),
    "bool": np.array([True, False]),
    "no dimension": np.array(2.5),
    "empty": np.zeros((0, 3), dtype=np.float32),
    "text": np.array(["left", "right"]),
    "bytes": np.array([b"ab", b"c"]),
    "structured": np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "<i4"), ("b", "<f8")]),
}
PLAIN = {
    "numbers": [0, -1, 255, 65536, -(2**40), 2**70, 1.5, float("inf"), True, False, None, 2 + 3j],
    "texts": ("", "naïve ✓", "line\nbreak", b"", b"\x00\xff"),
    "nested": {"a": [{"b": (1, 2, (3, 4, 5, 6))}]},
    7: "a number is a key too",
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_of_every_protocol_are_read(kind: str, protocol: int) -> None:
    array = ARRAYS[kind]
    read = loads(pickle.dumps({"x": array}, protocol))["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_values_of_every_protocol_are_read(protocol: int) -> None:
    assert loads(pickle.dumps(PLAIN, protocol)) == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_numpy_scalars_are_read(protocol: int) -> None:
    values = [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("name")]
    read = loads(pickle.dumps(values, protocol))
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_object_arrays_become_nested_lists(protocol: int) -> None:
    inner = object_array([1, "two"])
    array = object_array([{"a": inner}, None, [3.0], "four"]).reshape(2, 2)
    assert loads(pickle.dumps(array, protocol)) == [[{"a": [1, "two"]}, None], [[3.0], "four"]]
    assert loads(pickle.dumps(np.asfortranarray(array), protocol)) == [[{"a": [1, "two"]}, None], [[3.0], "four"]]
    assert loads(pickle.dumps(np.array({"a": 1}, dtype=object), protocol)) == {"a": 1}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_kinds_of_dicts_and_sets_are_read_as_dicts_and_lists(protocol: int) -> None:
    values = [collections.OrderedDict(a=1), collections.defaultdict(list, b=2), {3}, frozenset([4]), bytearray(b"5")]
    assert loads(pickle.dumps(values, protocol)) == [{"a": 1}, {"b": 2}, [3], [4], b"5"]


@pytest.mark.parametrize("protocol", OLD_NUMPY)
def test_pickles_of_old_numpy_are_read(protocol: int) -> None:
    first, second = loads(base64.b64decode(OLD_NUMPY[protocol]))
    np.testing.assert_array_equal(first["reward_terms"]["x"], np.array([1, 2], np.float32))
    assert first["reward_terms"]["y"] == 3.5
    np.testing.assert_array_equal(first["reset"], [True, False])
    np.testing.assert_array_equal(second["reward_terms"]["x"], np.array([3, 4], np.float32))


def test_an_array_used_twice_is_read_once() -> None:
    array = np.arange(3)
    first, second = loads(pickle.dumps([array, array]))
    assert first is second


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_object_of_another_class_is_named_and_its_siblings_are_read(protocol: int) -> None:
    values = {"odd": fractions.Fraction(1, 3), "path": Path("x"), "x": np.arange(2), "y": 5}
    read = loads(pickle.dumps(values, protocol))
    assert read["odd"].name == "fractions.Fraction"
    assert isinstance(read["path"], Placeholder)
    assert (read["x"].tolist(), read["y"]) == ([0, 1], 5)


class _WithState:
    """Pickles itself with a state, list items and dict items."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _WithState, (), {"state": [1]}, iter([1, 2]), iter([("a", 1)])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_content_of_another_class_is_dropped(protocol: int) -> None:
    odd, sibling = loads(pickle.dumps([_WithState(), "sibling"], protocol))
    assert odd.name.endswith("_WithState")
    assert sibling == "sibling"


def test_a_tensor_is_named_and_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*_: Any) -> None: ...

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = module.__name__, "_rebuild_tensor_v2"
    module._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    with monkeypatch.context() as context:
        context.setitem(sys.modules, "torch", types.ModuleType("torch"))
        context.setitem(sys.modules, module.__name__, module)
        tensor = type("Tensor", (), {"__reduce__": lambda _: (_rebuild_tensor_v2, ("storage", 0, (3,)))})()
        data = pickle.dumps({"tensor": tensor, "rew": 1.0})
    before = set(sys.modules)
    assert str(loads(data)) == "{'tensor': <not read: torch._utils._rebuild_tensor_v2>, 'rew': 1.0}"
    assert set(sys.modules) == before


def test_a_module_that_is_named_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "payload_on_import.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(str(tmp_path))
    ways = (b"cpayload_on_import\nthing\n)R.", b"(ipayload_on_import\nthing\n.", _stack_global("payload_on_import"))
    for data in ways:
        assert loads(data).name == "payload_on_import.thing"
    assert not (tmp_path / "ran").exists()
    assert "payload_on_import" not in sys.modules


def _stack_global(module: str, name: str = "thing") -> bytes:
    texts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name))
    return b"\x80\x04" + texts + b"\x93)R."


def _attacks(command: bytes) -> dict[str, bytes]:
    """The ways in which a pickle can ask for a call, each with os.system or one of its friends."""
    text = b"\x8c" + bytes([len(command)]) + command
    return {
        "REDUCE": b"cos\nsystem\n(S'" + command + b"'\ntR.",
        "STACK_GLOBAL": b"\x80\x04\x8c\x05posix\x8c\x06system\x93" + text + b"\x85R.",
        "INST": b"(S'" + command + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'" + command + b"'\no.",
        "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + b"(S'" + command + b"'\nt\x81.",
        "NEWOBJ_EX": b"\x80\x04\x8c\x0asubprocess\x8c\x05Popen\x93" + text + b"\x85}\x92.",
        "eval": b"c__builtin__\neval\n(S'" + command + b"'\ntR.",
        "exec": b"cbuiltins\nexec\n(S'" + command + b"'\ntR.",
        "BUILD": b"c__main__\nX\n)\x81}S'x'\ncos\nsystem\nsb.",
    }


@pytest.mark.parametrize("way", _attacks(b""))
def test_a_pickle_that_runs_code_is_refused_by_name_and_does_not_run(way: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    with pytest.raises(BadPickle, match="Nothing was run") as caught:
        loads(_attacks(f"touch {marker}".encode())[way])
    assert "\n" not in str(caught.value)
    assert not marker.exists()


@pytest.mark.parametrize("name", [("builtins", "getattr"), ("numpy", "load"), ("operator", "attrgetter")])
def test_other_functions_are_not_called(name: tuple[str, str]) -> None:
    assert loads(_stack_global(*name)).name == ".".join(name)


@pytest.mark.parametrize(
    "data",
    [b"\x82\x05.", b"\x83\x05\x00.", b"\x84\x05\x00\x00\x00.", b"Pan id\n.", b"K\x01Q.", b"\x97."],
    ids=["EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID", "NEXT_BUFFER"],
)
def test_references_outside_the_file_are_placeholders(data: bytes) -> None:
    assert isinstance(loads(data), Placeholder)


def test_a_call_with_more_arguments_than_numpy_ever_gives_is_not_made() -> None:
    assert loads(b"cnumpy\ndtype\n(" + b"K\x01" * 20 + b"tR.").name == "numpy.dtype"


def test_control_characters_in_a_name_do_not_reach_the_terminal() -> None:
    assert loads(_stack_global("a\x1b[31m\nb")).name == "a?[31m?b.thing"


def test_a_builder_cannot_be_changed_by_the_file() -> None:
    state = b"}S'__call__'\nS'x'\nsb"
    loads(b"cnumpy\ndtype\n" + state + b".")
    assert loads(pickle.dumps(np.arange(2))).tolist() == [0, 1]


def test_a_huge_memo_index_costs_nothing() -> None:
    tracemalloc.start()
    try:
        assert loads(b"K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff.") == 7
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_finishing_one_array_over_and_over_takes_linear_time() -> None:
    """Quadratic, it would take hours."""
    times = 20_000
    made = b"\x80\x03cnumpy\ndtype\nX\x02\x00\x00\x00f4\x89\x88\x87R"
    filed = b"".join(b"r" + struct.pack("<I", key) for key in range(times))
    state = b"(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tr" + struct.pack("<I", times)
    again = b"j" + struct.pack("<I", times) + b"b0"
    assert loads(made + filed + b"2" * times + state + b"b0" + again * (times - 1) + b".").name == "numpy.dtype"


def test_a_number_of_a_million_digits_is_not_converted() -> None:
    for opcode in (b"I", b"L", b"p", b"g"):
        with pytest.raises(BadPickle, match="an integer of 1000000 digits"):
            loads(b"K\x01" + opcode + b"9" * 1_000_000 + b"\n.")


def test_a_list_of_itself_a_billion_times_is_not_expanded() -> None:
    value: list[Any] = ["lol"]
    for _ in range(40):
        value = [value] * 10
    read = loads(pickle.dumps(value))
    assert read[0] is read[9]


@pytest.mark.slow
def test_deep_nesting_does_not_overflow_the_stack() -> None:
    depth = 300_000
    assert isinstance(loads(b"]" * depth + b"a" * (depth - 1) + b"."), list)
    assert isinstance(loads(b")" + b"\x85" * depth + b"."), tuple)
    key = b"}" + b")" + b"\x85" * depth + b"K\x01s."
    assert [str(k) for k in loads(key)] == ["<not read: key of type tuple>"]


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(BadPickle, match="too many parts"):
        loads(b"]" * 200 + b".", Budget(nodes=100))


def test_copying_one_list_over_and_over_is_refused() -> None:
    content = b"(" + b"K\x01" * 1000 + b"lq\x00"
    copies = b"cbuiltins\nset\nh\x00\x85R0" * 50
    with pytest.raises(BadPickle, match="more objects than are allowed"):
        loads(content + copies + b".", Budget(nodes=20_000))


def test_copying_one_text_over_and_over_is_refused() -> None:
    content = b"X" + struct.pack("<I", 1000) + b"a" * 1000 + b"q\x00"
    copies = b"c_codecs\nencode\nh\x00\x85R0" * 50
    with pytest.raises(BadPickle, match="more objects than are allowed"):
        loads(content + copies + b".", Budget(copied_bytes=20_000))


def _array_of(shape: bytes, dtype: bytes = b"f4", content: bytes = b"C\x04\x00\x00\x80?") -> bytes:
    """An array whose state claims a shape, a type and its bytes."""
    made = b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
    kind = b"cnumpy\ndtype\nX" + struct.pack("<I", len(dtype)) + dtype + b"\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNNJ"
    return made + b"(K\x01" + shape + kind + b"\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + content + b"tb."


def test_an_array_is_as_large_as_its_bytes() -> None:
    assert loads(_array_of(b"K\x01\x85")) == [1.0]
    huge, double, negative, deep, no_tuple = (
        *(b"J\xff\xff\xff\x7f\x85", b"K\x02\x85", b"J\xff\xff\xff\xff\x85"),
        *(b"(" + b"K\x01" * 99 + b"t", b"K\x01"),
    )
    for shape in (huge, double):
        with pytest.raises(BadPickle, match="but 4 bytes for it"):
            loads(_array_of(shape))
    for shape in (negative, deep, no_tuple):
        with pytest.raises(BadPickle, match="an impossible shape"):
            loads(_array_of(shape))


def test_an_empty_object_array_of_a_billion_rows_is_empty() -> None:
    assert loads(_array_of(b"J\xff\xff\xff\x7fK\x00\x86", b"O8", b"]")) == []


@pytest.mark.parametrize("dtype", [b"evil", b"f4,f4", b"V", b"(3)f4", b"f4" * 50])
def test_a_type_that_numpy_never_writes_is_refused(dtype: bytes) -> None:
    with pytest.raises(BadPickle):
        loads(_array_of(b"K\x01\x85", dtype))


def test_an_array_of_pointers_cannot_be_made_of_bytes() -> None:
    with pytest.raises(BadPickle, match="object array"):
        loads(_array_of(b"K\x01\x85", b"O8", b"C\x08" + b"A" * 8))


def _realistic() -> bytes:
    steps = [{"reward_terms": {"x": np.ones(2, np.float32)}, "reset": np.array([True, False]), "odd": 1 / 3}] * 2
    return pickle.dumps(object_array([*steps, collections.OrderedDict(a=(1, "b")), fractions.Fraction(1, 2)]))


def test_a_pickle_cut_anywhere_is_one_clear_error() -> None:
    data = _realistic()
    for end in range(len(data)):
        with pytest.raises(BadPickle):
            loads(data[:end])


def test_damaged_bytes_are_an_error_or_data_but_never_a_crash() -> None:
    rng = np.random.default_rng(0)
    data = np.frombuffer(_realistic(), dtype=np.uint8)
    for _ in range(4000):
        damaged = data.copy()
        damaged[rng.integers(len(data), size=3)] = rng.integers(256, size=3)
        try:
            loads(damaged.tobytes())
        except BadPickle as error:
            assert "\n" not in str(error)


def test_halves_of_characters_are_replaced() -> None:
    assert loads(b"\x80\x04\x8c\x04a\xed\xa0\x80.") == "a?"
    assert loads(b"Va\\ud800\n.") == "a?"
