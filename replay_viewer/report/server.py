"""The report on loopback: a small server of the page, its clips and its replays, and of nothing else."""

from __future__ import annotations

import mimetypes
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from ..errors import BadArgument

_HOST = "127.0.0.1"
# Names under which loopback is reached. A page of another name that leads here may not read the report.
_NAMES = ("127.0.0.1", "localhost", "[::1]")
_FILES = re.compile(r"/(index\.html|(?:clips|replays)/[^/\\\x00]+)?")
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
# If a port is taken, so many behind it are tried.
_TRIED_PORTS = 20


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """Serve a report's folder until the block ends; gives its address. Raises BadArgument where no port is free."""
    check_port(port)
    server = _bound(partial(_Handler, folder), port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def check_port(port: int) -> None:
    """Raise BadArgument for a number that no port has."""
    if not 0 <= port < 65536:
        raise BadArgument("--port", port, "expected 0 to 65535.")


def _bound(handler: Any, port: int) -> ThreadingHTTPServer:
    reason = ""
    for candidate in range(port, min(port + _TRIED_PORTS, 65536)):
        try:
            return ThreadingHTTPServer((_HOST, candidate), handler)
        except OSError as error:
            reason = error.strerror or str(error)
    raise BadArgument("--port", port, f"cannot be listened on: {reason}.")


class _Handler(BaseHTTPRequestHandler):
    """Answers with a file, or the part of it that a browser asks for when somebody seeks in a clip."""

    protocol_version = "HTTP/1.1"
    timeout = 60

    def __init__(self, folder: Path, *given: Any) -> None:
        self._folder = folder
        super().__init__(*given)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def _answer(self, has_body: bool) -> None:
        if re.sub(r":[0-9]+$", "", self.headers.get("Host", "")).lower() not in _NAMES:
            return self._refuse(HTTPStatus.FORBIDDEN)
        match = _FILES.fullmatch(unquote(urlsplit(self.path).path))
        if match is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        path = self._folder / (match.group(1) or "index.html")
        try:
            file = path.open("rb")
        except (OSError, ValueError):
            return self._refuse(HTTPStatus.NOT_FOUND)
        with file, suppress(ConnectionError, TimeoutError):
            self._send(file, path, has_body)

    def _send(self, file: BinaryIO, path: Path, has_body: bool) -> None:
        state = os.fstat(file.fileno())
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(wanted.group(1)) if wanted else 0
        stop = min(int(wanted.group(2)) + 1, state.st_size) if wanted and wanted.group(2) else state.st_size
        if wanted and start >= stop:
            return self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{state.st_size}")
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{state.st_mtime_ns:x}-{state.st_size:x}"')
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if has_body:
            file.seek(start)
            if stop == state.st_size:
                shutil.copyfileobj(file, self.wfile)
            else:
                self.wfile.write(file.read(stop - start))

    def _refuse(self, status: HTTPStatus) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
