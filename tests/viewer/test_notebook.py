"""The viewer in a real Jupyter kernel: what a cell shows, what it does when it is run again, where its frame looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from knocking import knock
from needs import require

from replay_viewer.paths import asset

SHOW = f"from replay_viewer import Viewer\nviewer = Viewer({str(asset('walk.rec'))!r}, port=8290)\nviewer.show()"


@dataclass
class Shown:
    """What a cell has put out: html, and everything else as text."""

    html: list[str]
    text: str

    @property
    def source(self) -> str:
        """Of the one frame."""
        (html,) = self.html
        found = re.search(r'<iframe src="([^"]+)"', html)
        assert found is not None
        return found[1]


class Kernel:
    """A kernel that runs cells as a notebook has it do."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str, cell: str = "") -> Shown:
        """Run a cell. cell: its name, which not every frontend has one for."""
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        metadata = {"cellId": cell} if cell else {}
        message = self._client.session.msg("execute_request", content, metadata=metadata)
        self._client.shell_channel.send(message)
        html, text = [], ""
        while True:
            told = self._client.get_iopub_msg(timeout=60)
            if told["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            content = told["content"]
            if content.get("execution_state") == "idle":
                return Shown(html, text)
            data = content.get("data", {})
            if "text/html" in data:
                html.append(data["text/html"])
            text += content.get("text", "") + "\n".join(content.get("traceback", ()))

    def value(self, expression: str) -> str:
        return self.run(f"print({expression})").text.strip()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    try:
        from jupyter_client.manager import start_new_kernel  # pyright: ignore[reportMissingImports]
    except ImportError:
        require("no Jupyter here (pip install ipykernel)")
    manager, client = start_new_kernel()
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def is_served(url: str) -> bool:
    try:
        with urlopen(url, timeout=30) as page:
            return page.status == 200
    except URLError:
        return False


def test_a_cell_that_is_run_again_shows_the_new_viewer_in_its_place(kernel: Kernel) -> None:
    first = kernel.run(SHOW, "a")
    assert first.text == "", "viser's box is printed"
    assert is_served(first.source)
    kernel.run("before = viewer")
    again = kernel.run(SHOW, "a")
    assert again.source == first.source
    assert kernel.value("before._is_closed, viewer is before") == "True False"
    other = kernel.run(SHOW, "b")
    assert other.source != first.source
    assert is_served(first.source) and is_served(other.source)
    assert kernel.run("viewer.close(); before.close()").text == "", "viser says farewell"


def test_two_viewers_of_one_cell_stay_beside_each_other_and_cells_without_a_name_are_known_by_their_code(
    kernel: Kernel,
) -> None:
    two = SHOW.replace("viewer.show()", "other = Viewer(viewer.replay, port=8290)\nprint(viewer.port, other.port)")
    first = kernel.run(two).text
    assert len(set(first.split())) == 2
    assert kernel.run(two).text == first
    assert kernel.value("viewer._is_closed, other._is_closed") == "False False"


def test_on_jupyterhub_the_frame_has_the_proxied_address_and_the_token(kernel: Kernel) -> None:
    kernel.run("import os; os.environ['JUPYTERHUB_SERVICE_PREFIX'] = '/user/ann/gpu/'")
    source = kernel.run(SHOW, "a").source
    port = int(kernel.value("viewer.port"))
    found = re.fullmatch(rf"/user/ann/gpu/proxy/{port}/\?token=([\w-]{{32}})", source)
    assert found is not None
    by_token = knock(port, f"/?token={found[1]}", host="hub.example.org")
    assert by_token.status == 303
    cookie = {"Cookie": str(by_token.headers["Set-Cookie"]).partition(";")[0]}
    assert knock(port, "/", cookie, host="hub.example.org").status == 200
    assert knock(port, "/", host="hub.example.org").status == 403
    assert knock(port, "/", host="localhost").status == 403


def test_in_vscode_the_frame_has_the_address_of_the_port_which_it_forwards(kernel: Kernel) -> None:
    kernel.run("import os; os.environ['JUPYTERHUB_SERVICE_PREFIX'] = '/user/ann/'")
    shown = kernel.run(SHOW, "vscode-notebook-cell:/home/ann/walk.ipynb#W0sZmlsZQ==")
    assert re.fullmatch(r"http://localhost:\d+", shown.source)


CODESPACE = {"CODESPACE_NAME": "fuzzy-robot-7v4", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.github.dev"}
CODE_SERVER = {"VSCODE_PROXY_URI": "https://code.example.org/ann/proxy/{{port}}/"}
CODE_SERVER_WITH_NAMES = {"VSCODE_PROXY_URI": "https://{{port}}--dev.example.org"}
IN_VSCODE = "vscode-notebook-cell:/home/ann/walk.ipynb#W1sZmlsZQ=="


@pytest.mark.parametrize(
    ("environment", "cell", "address"),
    [
        (CODESPACE, IN_VSCODE, "https://fuzzy-robot-7v4-{port}.app.github.dev/"),
        (CODESPACE, "in-jupyter", "https://fuzzy-robot-7v4-{port}.app.github.dev/"),
        (CODE_SERVER, IN_VSCODE, "https://code.example.org/ann/proxy/{port}/"),
        (CODE_SERVER_WITH_NAMES, IN_VSCODE, "https://{port}--dev.example.org"),
        ({"VSCODE_PROXY_URI": "./proxy/{{port}}"}, IN_VSCODE, "http://localhost:{port}"),
    ],
)
def test_where_a_port_has_an_address_of_its_own_the_frame_has_it_and_the_page_there_may_connect(
    kernel: Kernel, environment: dict[str, str], cell: str, address: str
) -> None:
    kernel.run(f"import os; os.environ.pop('JUPYTERHUB_SERVICE_PREFIX', None); os.environ.update({environment})")
    source = kernel.run(SHOW, cell).source
    port = int(kernel.value("viewer.port"))
    kernel.run(f"for name in {list(environment)}: del os.environ[name]")
    assert source == address.format(port=port)
    page = "/".join(source.split("/")[:3])
    for host in (page.partition("://")[2], f"localhost:{port}"):
        assert knock(port, "/", {"Origin": page}, host=host).status == 200
    for foreign in (
        "evil.example.org",
        "evil.app.github.dev",
        f"{page.partition('://')[2].partition(':')[0]}.evil.org",
    ):
        assert knock(port, "/", host=foreign).status == 403
        assert knock(port, "/", {"Origin": f"https://{foreign}"}, host=f"localhost:{port}").status == 403


COLAB = """
import sys, types
colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
output.eval_js = lambda code: "https://8290-gpu-t4-s-1a2b-a.us-east1-0.prod.colab.dev" if "proxyPort(" in code else ""
sys.modules.update({"google.colab": colab, "google.colab.output": output})
"""


def test_in_colab_the_frame_has_the_address_that_colab_gives_its_port(kernel: Kernel) -> None:
    kernel.run(COLAB)
    source = kernel.run(SHOW, "in-colab").source
    port = int(kernel.value("viewer.port"))
    kernel.run("del sys.modules['google.colab'], sys.modules['google.colab.output']")
    assert source == "https://8290-gpu-t4-s-1a2b-a.us-east1-0.prod.colab.dev"
    assert knock(port, "/", {"Origin": source}, host=f"localhost:{port}").status == 200
    assert knock(port, "/", {"Origin": "https://evil.example.org"}, host=f"localhost:{port}").status == 403
    assert knock(port, "/", host="evil.example.org").status == 403, "a name that leads to the machine of the kernel"
