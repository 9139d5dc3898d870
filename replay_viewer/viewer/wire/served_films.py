"""The films that browsers may fetch: by keys that nobody can guess, and piece by piece, as players ask for them.

Which files these are the viewer says, never a browser. Requests pass the door as all others do.
"""

from __future__ import annotations

import http
import os
import re
import secrets
import threading
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from ...errors import FileProblem
from ...files.regular import open_regular

FOLDER = "film"
# In one answer: players ask for the rest, and nothing else waits long for it.
PIECE_BYTES = 1 << 20
# Who asks for no range gets a film that is no larger.
_WHOLE_BYTES = 256 << 20
_PATH = re.compile(rf"(?:.*/)?{FOLDER}/([A-Za-z0-9_-]+)", re.ASCII)
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)
_KINDS = {".mp4": "video/mp4", ".webm": "video/webm", ".gif": "image/gif"}
# What other pages may do with it: nothing.
_GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


class ServedFilms:
    """Gives films addresses, and answers requests for them. From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[tuple[Path, int], str] = {}
        self._paths: dict[str, Path] = {}

    def address(self, path: Path, version: int) -> str:
        """From the page's own, of a film as it is now; another version has another one."""
        with self._lock:
            key = self._keys.get((path, version))
            if key is None:
                key = self._keys[path, version] = secrets.token_urlsafe(12)
                self._paths[key] = path
        return f"{FOLDER}/{key}"

    def answer(self, request: Request) -> Response | None:
        """The answer to a request for a film; None for any other."""
        found = _PATH.fullmatch(request.path.partition("?")[0])
        if found is None:
            return None
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return _problem(http.HTTPStatus.FORBIDDEN, "Films are for the viewer's own page.")
        path = self._paths.get(found.group(1))
        if path is None:
            return _problem(http.HTTPStatus.NOT_FOUND, "There is no such film (any more).")
        try:
            return _film(path, request.headers)
        except (OSError, FileProblem):
            return _problem(http.HTTPStatus.NOT_FOUND, "The film cannot be read any more.")


def _film(path: Path, headers: Headers) -> Response:
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        size, tag = status.st_size, f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        asked = headers.get("Range") if headers.get("If-Range", tag) == tag else None
        common = {
            "Content-Type": _KINDS.get(path.suffix.lower(), "application/octet-stream"),
            "Accept-Ranges": "bytes",
            "ETag": tag,
            "Cache-Control": "private, max-age=3600",
            **_GUARDS,
        }
        span = None if asked is None else _span(asked, size)
        if asked is not None and span is None:
            return _response(http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"}, b"")
        if span is None:
            if size > _WHOLE_BYTES:
                return _problem(http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Ask for ranges of it.")
            return _response(http.HTTPStatus.OK, common, file.read(_WHOLE_BYTES))
        first, stop = span
        file.seek(first)
        body = file.read(stop - first)
        where = {"Content-Range": f"bytes {first}-{first + len(body) - 1}/{size}"}
        return _response(http.HTTPStatus.PARTIAL_CONTENT, {**common, **where}, body)


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """From where to where, not included; None where there is nothing of it, or several ranges are asked for."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found.groups() == ("", "") or size == 0:
        return None
    low, high = found.groups()
    first = max(size - int(high), 0) if low == "" else int(low)
    last = size - 1 if low == "" or high == "" else min(int(high), size - 1)
    return (first, min(last + 1, first + PIECE_BYTES)) if first <= last else None


def _problem(status: http.HTTPStatus, text: str) -> Response:
    return _response(status, {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}, text.encode())


def _response(status: http.HTTPStatus, headers: dict[str, str], body: bytes) -> Response:
    return Response(status.value, status.phrase, Headers({**headers, "Content-Length": str(len(body))}), body)
