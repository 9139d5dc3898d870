"""Browsers that are not Chromium, driven without a package for it: Firefox by WebDriver BiDi, WebKitGTK by WebDriver.

Both are those of Debian and Ubuntu; what they understand is https://w3.org/TR/webdriver2 and https://w3.org/TR/webdriver-bidi.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 120.0  # Seconds: without a GPU a first frame takes tens of them.
_MIDDLE = """(() => {
  const boxes = [...document.querySelectorAll(%s)].map((node) => node.getBoundingClientRect());
  const box = boxes.find(({ width }) => width > 0);
  return box ? [box.left + box.width / 2, box.top + box.height / 2] : null;
})()"""
_KEYS = {"Home": "\ue011", "Escape": "\ue00c", "ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Tab": "\ue004"}


class Missing(Exception):
    """A browser that is not on this machine; the message says what to install."""


class Browser(ABC):
    """One page of a browser, and what a hand does on it."""

    name: str

    @abstractmethod
    def open(self, url: str) -> None: ...

    @abstractmethod
    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON has it."""

    @abstractmethod
    def act(self, actions: Sequence[dict[str, Any]]) -> None:
        """Do what W3C's "actions" say."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the page this size [px], or as near as its window goes."""

    @abstractmethod
    def screenshot(self) -> bytes:
        """The page as a PNG."""

    @abstractmethod
    def errors(self) -> list[str]:
        """What went wrong, as the console has told since the last call."""

    @abstractmethod
    def close(self) -> None: ...

    def press(self, key: str) -> None:
        """Press a key and let it go; it is called as in KeyboardEvent."""
        presses = [{"type": kind, "value": _KEYS.get(key, key)} for kind in ("keyDown", "keyUp")]
        self.act([{"type": "key", "id": "keys", "actions": presses}])

    def click(self, target: str) -> None:
        """Click the middle of the first element of a CSS selector that is seen."""
        x, y = self.until(_MIDDLE % json.dumps(target), target)
        self.click_at(x, y)

    def click_at(self, x: float, y: float, times: int = 1) -> None:
        """Click a point of the page [px]."""
        moved = {"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0, "origin": "viewport"}
        pressed = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")] * times
        self.act(
            [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [moved, *pressed]}]
        )

    def until(self, expression: str, what: str, patience: float = PATIENCE) -> Any:
        """The value of an expression as soon as it is a true one; raises TimeoutError, which says `what` never came."""
        end = time.monotonic() + patience
        while not (value := self.run(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} never came to be seen")
            time.sleep(0.1)
        return value


class Screen:
    """A display that nobody sees, and where programs on it write."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="screen-")
        number = Path(self.folder.name) / "number.txt"
        with number.open("w") as told:
            command = [_found("Xvfb", "xvfb"), "-displayfd", str(told.fileno()), "-screen", "0", "2000x1400x24"]
            self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL, pass_fds=[told.fileno()])
        self._display = ":" + _told(number, r"(\d+)\n")

    def run(self, command: Sequence[str]) -> tuple[subprocess.Popen[bytes], Path]:
        """A program that is started on it, and the file of all that it writes."""
        # WebKit takes the language of pages from the locale, and "C" is none that a page can format numbers in.
        environment = {**os.environ, "DISPLAY": self._display, "GDK_BACKEND": "x11", "LC_ALL": "en_US.UTF-8"}
        written = Path(self.folder.name) / "written.txt"
        with written.open("w") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment), written

    def close(self) -> None:
        _end(self._process)
        self.folder.cleanup()


class Firefox(Browser):
    """Firefox, by WebDriver BiDi over a websocket."""

    def __init__(self) -> None:
        self._screen = Screen()  # Without a display it has no WebGL by the processor.
        program = shutil.which("firefox-esr") or _found("firefox", "firefox-esr")
        self._profile = tempfile.TemporaryDirectory(prefix="firefox-")
        (Path(self._profile.name) / "user.js").write_text('user_pref("webgl.force-enabled", true);\n')
        command = [program, "--no-remote", "--profile", self._profile.name, "--remote-debugging-port", "0"]
        self._process, log = self._screen.run(command)
        self._socket = connect(_told(log, r"BiDi listening on (ws://\S+)") + "/session", max_size=None)
        self._numbers, self._errors = itertools.count(1), list[str]()
        capabilities = self._do("session.new", capabilities={})["capabilities"]
        self.name = f"Firefox {capabilities['browserVersion']}"
        self._do("session.subscribe", events=["log.entryAdded"])
        self._page = self._do("browsingContext.getTree")["contexts"][0]["context"]

    def open(self, url: str) -> None:
        self._do("browsingContext.navigate", context=self._page, url=url, wait="interactive")

    def run(self, expression: str) -> Any:
        target = {"context": self._page}
        told = self._do("script.evaluate", expression=f"JSON.stringify({expression})", target=target, awaitPromise=True)
        if told["type"] != "success":
            raise RuntimeError(f"{expression}: {told['exceptionDetails']['text']}")
        return json.loads(told["result"].get("value", "null"))

    def act(self, actions: Sequence[dict[str, Any]]) -> None:
        self._do("input.performActions", context=self._page, actions=actions)

    def resize(self, width: int, height: int) -> None:
        self._do("browsingContext.setViewport", context=self._page, viewport={"width": width, "height": height})

    def screenshot(self) -> bytes:
        return base64.b64decode(self._do("browsingContext.captureScreenshot", context=self._page)["data"])

    def errors(self) -> list[str]:
        self.run("1")  # Events that came before the answer have been read with it.
        told, self._errors = self._errors, []
        return told

    def close(self) -> None:
        try:
            self._do("browser.close")
        except ConnectionClosed:
            pass
        finally:
            _end(self._process)
            self._screen.close()
            self._profile.cleanup()

    def _do(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (told := json.loads(self._socket.recv(timeout=PATIENCE))).get("id") != number:
            entry = told.get("params", {})
            if told.get("method") == "log.entryAdded" and entry["level"] == "error":
                self._errors.append(entry["text"])
        if told["type"] == "error":
            raise RuntimeError(f"{method}: {told['message']}")
        return told["result"]


class WebKit(Browser):
    """WebKitGTK's small browser, by WebDriver over HTTP."""

    def __init__(self) -> None:
        driver, browser = _found("WebKitWebDriver", "webkit2gtk-driver"), _small_browser()
        self._screen, port = Screen(), _free_port()
        self._process, self._log = self._screen.run([driver, f"--port={port}"])
        self._address, self._seen = f"http://127.0.0.1:{port}/session", 0
        arguments = ["--automation", "--enable-write-console-messages-to-stdout=true"]
        options = {"webkitgtk:browserOptions": {"binary": browser, "args": arguments}}
        session = self._begin({"capabilities": {"alwaysMatch": options}})
        self._address += f"/{session['sessionId']}"
        self.name = f"WebKitGTK {session['capabilities']['browserVersion']}"
        self._do("POST", "timeouts", script=int(PATIENCE * 1000), pageLoad=int(PATIENCE * 1000))

    def open(self, url: str) -> None:
        self._do("POST", "url", url=url)

    def run(self, expression: str) -> Any:
        return json.loads(
            self._do("POST", "execute/sync", script=f"return JSON.stringify({expression})", args=[]) or "null"
        )

    def act(self, actions: Sequence[dict[str, Any]]) -> None:
        self._do("POST", "actions", actions=list(actions))

    def resize(self, width: int, height: int) -> None:
        frame = 0
        for _ in range(2):  # How high the frame around the page is, is known by then.
            self._do("POST", "window/rect", x=0, y=0, width=width, height=height + frame)
            time.sleep(0.5)  # The window follows later.
            frame += height - self.run("innerHeight")

    def screenshot(self) -> bytes:
        return base64.b64decode(self._do("GET", "screenshot"))

    def errors(self) -> list[str]:
        lines = self._log.read_text(errors="replace").splitlines()
        told, self._seen = lines[self._seen :], len(lines)
        return [line for line in told if re.match(r"CONSOLE (\S+ )?ERROR", line)]

    def close(self) -> None:
        try:
            self._do("DELETE", "")
        finally:
            _end(self._process)
            self._screen.close()

    def _begin(self, wanted: dict[str, Any]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._do("POST", "", **wanted)
            except urllib.error.URLError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def _do(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        address = f"{self._address}/{path}".rstrip("/")
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode(errors='replace')}") from None


def _found(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not on this machine: apt-get install {package}")
    return path


def _small_browser() -> str:
    """WebKitGTK's MiniBrowser, which is beside its library and not on the path."""
    found = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    if not found:
        raise Missing("WebKitGTK's MiniBrowser is not on this machine: apt-get install webkit2gtk-driver")
    return str(found[-1])


def _told(log: Path, pattern: str) -> str:
    """What a program has written that matches, once it has."""
    end = time.monotonic() + PATIENCE
    while not (found := re.search(pattern, log.read_text(errors="replace"))):
        if time.monotonic() > end:
            raise TimeoutError(f"no {pattern!r} in {log.read_text(errors='replace')!r}")
        time.sleep(0.1)
    return found.group(1)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
