"""nginx as people put it before a viewer, with a configuration of its own in a folder of its own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from needs import require

# What its manual says of websockets.
PASSES_WEBSOCKETS = (
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Connection $connection_upgrade;",
)

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
  server {{
    listen 127.0.0.1:{port};
    location {location} {{
      proxy_pass http://127.0.0.1:{behind}/;
      {lines}
    }}
  }}
}}
"""


@contextlib.contextmanager
def nginx(
    folder: Path, behind: int, *lines: str, location: str = "/", passes: tuple[str, ...] = PASSES_WEBSOCKETS
) -> Iterator[int]:
    """Its port, until the block ends.

    Args:
        folder: for its files.
        behind: the port of this machine that it passes requests on to.
        lines: of the configuration, for its location.
        location: the path that is passed on.
        passes: what has it pass on websockets.
    """
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        require("no nginx here (Debian: apt-get install nginx-light)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = _CONFIGURATION.format(
        folder=folder, port=port, behind=behind, location=location, lines="\n      ".join([*passes, *lines])
    )
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"])
    try:
        _wait_until_it_listens(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < end, "nginx did not start"
            time.sleep(0.02)
