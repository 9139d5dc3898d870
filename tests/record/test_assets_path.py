from __future__ import annotations

import pytest

from replay_viewer.errors import FileProblem
from replay_viewer.paths import asset, demo_script


def test_bundled_files_are_found():
    assert asset("walk.rec").is_file()
    assert asset("trotter/trotter.urdf").is_file()
    assert demo_script("walk").is_file() and demo_script("push").is_file()


def test_missing_file_is_named_with_the_way_to_get_it():
    with pytest.raises(FileProblem, match=r"assets/no\.rec: .*pip install"):
        asset("no.rec")
