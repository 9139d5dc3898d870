"""The command `replay-viewer`: its help, how errors are told, and how it stops.

A new command is a function in a module of its own beside this one (`info` is a small example), a row of
`commands.COMMANDS`, and its lines in `HELP` below. Its module is imported when it is asked for; the function imports
large libraries when it is called, under `large_imports`.

This module, `interrupts` and `upkeep` run on Python 3.8 with numpy alone, so that a recording can be repaired or packed
where it was made.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Sequence

from replay_viewer import __version__
from replay_viewer.errors import ReplayError, printable
from replay_viewer.paths import local_path

from . import upkeep
from .interrupts import caught_interrupts

VIEWER_NEEDS = (3, 10)

# Written out, because the parser of the commands alone takes 0.2 s to import.
HELP = """\
Replay recorded robot-learning rollouts in the browser, with every reward term beside the robot.

usage: replay-viewer [options]         open the bundled demo
       replay-viewer PATH [options]    short for: replay-viewer view PATH [options]
       replay-viewer before.rec after.rec    both in one scene

commands:
  view PATH ..     open a recording in the browser, or several in one scene, or a folder of them to
                   choose from; --tail follows one that is being written
  info PATH        print what is in it, with every decision and doubt; --json for programs
  episodes PATH .. list the episodes of recordings, one a line; --where 'success == false' chooses, --format jsonl, csv
  formats          list the formats that recordings can have
  render PATH OUT  make a video (.mp4, .webm, .gif) or a picture (.png) of it, without a display;
                   PATH PATH OUT: of several in one scene
  share PATH       make one HTML file (--out FILE.html) that plays episodes of it anywhere; --episodes worst:3 chooses
  report PATH ..   make a page of an evaluation: rates with intervals, charts, a table; --clips worst:12, --watch
  upload PATH      upload films of training runs, --wandb PROJECT[/RUN] or --tensorboard LOGDIR; --watch goes on
  repair PATH      mend a recording whose writer died
  pack PATH OUT    put a recording's folder into one file
  demo [walk|push] open a bundled demo; --record simulates it now, with MuJoCo

options:
  -h, --help       show this help; after a command, its options
  --version        show the version
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 for bad input (one line on stderr), 130 for Ctrl-C.

    Args:
        args: the command line without the program's name; None takes it from `sys.argv`.
    """
    try:
        with caught_interrupts(), warnings.catch_warnings():
            if not sys.warnoptions:  # What is odd in the numbers of a file is told by what reads it, not by numpy.
                warnings.filterwarnings("ignore", category=RuntimeWarning)
            _run(sys.argv[1:] if args is None else list(args))
            sys.stdout.flush()
    except ReplayError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Who reads our output, for example `head`, has seen enough. Python flushes stdout once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _fail(f"{error.filename or 'replay-viewer'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return 130
    return 0


def _fail(message: str) -> int:
    """Tell a problem in one line, whatever its parts hold."""
    print("error: " + printable(" ".join(message.split())), file=sys.stderr)
    return 2


def _run(args: list[str]) -> None:
    first = args[0] if args else ""
    if first in ("-h", "--help"):
        print(HELP, end="")
    elif first == "--version":
        print(f"replay-viewer {__version__}")
    elif sys.version_info < VIEWER_NEEDS:
        _run_without_viewer(args)
    else:
        from . import commands

        commands.run(args)


def _run_without_viewer(args: list[str]) -> None:
    """Python 3.8 and 3.9 have numpy alone, no parser of command lines, but these two commands have no options."""
    if len(args) == 2 and args[0] == "repair":
        return upkeep.repair(local_path(args[1]))
    if len(args) == 3 and args[0] == "pack":
        return upkeep.pack(local_path(args[1]), local_path(args[2]))
    command = " ".join(["replay-viewer", *args[:1]])
    python = "Python {}.{}".format(*sys.version_info)
    raise ReplayError(
        f"'{command}' needs Python 3.10 or newer, and this is {python}, where 'repair PATH' and "
        "'pack PATH OUT' work. To see a recording, install replay-viewer in a newer Python, on any machine."
    )
