"""Try the installed package as a user would: help, info on the bundled demo, the viewer's page, Ctrl-C."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("replay-viewer"))


def output(*args: str) -> str:
    """What the command prints; fails if it fails."""
    return subprocess.run([COMMAND, *args], check=True, capture_output=True, text=True, timeout=60).stdout


def serve_and_stop() -> None:
    """Start the demo, fetch its page, press Ctrl-C: it ends with code 0."""
    with subprocess.Popen([COMMAND, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True) as viewer:
        try:
            assert viewer.stdout is not None
            url = re.search(r"http://\S+", viewer.stdout.readline())
            assert url, "the viewer printed no address"
            page = urllib.request.urlopen(url.group(), timeout=30).read()
            assert b"<html" in page.lower(), "the viewer served no page"
            viewer.send_signal(signal.SIGINT)
            assert viewer.wait(timeout=30) == 0, f"the viewer ended with code {viewer.returncode}"
        finally:
            viewer.kill()


def main() -> None:
    """Run all of it."""
    import replay_viewer
    from replay_viewer.paths import asset, demo_script

    assert "site-packages" in replay_viewer.__file__, f"{replay_viewer.__file__} is not the installed package"
    start = time.perf_counter()
    assert "usage: replay-viewer" in output("--help")
    print(f"--help: {time.perf_counter() - start:.2f} s")
    assert "Episodes" in output("info", str(asset("walk.rec")))
    assert demo_script("walk").is_file() and demo_script("push").is_file()
    serve_and_stop()
    print("help, info, viewer and Ctrl-C work")


if __name__ == "__main__":
    main()
