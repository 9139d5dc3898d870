"""The keys: one table for what they do, the search of commands and the help dialog.

Arrows and W A S D Q E also move viser's camera, so none of them is used.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

MOUSE = (
    ("Drag", "Orbit"),
    ("Right drag", "Pan; two fingers on a touch screen"),
    ("Wheel", "Nearer or farther; pinch on a touch screen"),
    ("Robot", "Click to watch it, of the crowd that M shows"),
    ("Timeline", "Drag to scrub; colours tell how an episode ended"),
    ("Chart", "Click to go there; drag for an A-B loop; wheel for a part of the time, double click for all of it"),
)


class Key(NamedTuple):
    """A key and what it does.

    Attributes:
        hotkey: as viser names it.
        label: for people.
        action: what the table of actions calls it.
        description: for the help.
        with_shift: whether it is pressed together with Shift.
    """

    hotkey: str
    label: str
    action: str
    description: str
    with_shift: bool = False


KEYS = (
    Key("space", "Space", "toggle", "Play or pause"),
    Key(",", ",", "step_back", "One step back"),
    Key(".", ".", "step_forward", "One step forward"),
    Key("J", "J", "jump_back", "One second back"),
    Key("K", "K", "jump_forward", "One second forward"),
    Key("home", "Home", "go_to_start", "Start of the recording"),
    Key("end", "End", "go_to_end", "End of the recording"),
    Key("G", "G", "go_live", "Live: the newest step, as it is recorded (--tail)"),
    Key("[", "[", "go_to_previous_episode", "Previous episode"),
    Key("]", "]", "go_to_next_episode", "Next episode"),
    Key("N", "N", "go_to_next_end", "Next episode end: how it fell"),
    Key("P", "P", "go_to_previous_end", "Previous episode end"),
    Key("N", "Shift N", "go_to_next_failure", "Next failure, of all episodes in the table", with_shift=True),
    Key("P", "Shift P", "go_to_previous_failure", "Previous failure", with_shift=True),
    Key("O", "O", "slower", "Slower"),
    Key("I", "I", "faster", "Faster"),
    Key("L", "L", "next_loop", "Loop: off, episode, all, A-B"),
    Key("V", "V", "select_from_here", "A-B loop: A is this step (or drag over a chart)"),
    Key("B", "B", "select_to_here", "A-B loop: B is this step; Escape clears"),
    Key("1", "1", "look_top", "Camera: top"),
    Key("2", "2", "look_side", "Camera: side"),
    Key("3", "3", "look_front", "Camera: front"),
    Key("4", "4", "look_follow", "Camera: behind the robot"),
    Key("F", "F", "toggle_follow", "Follow the robot, on or off"),
    Key("M", "M", "toggle_crowd", "Crowd: the other envs around this one, on or off"),
    Key("H", "H", "toggle_shadows", "Shadows, on or off"),
    Key("C", "C", "next_mode", "Compare: recordings as recorded, from one place, side by side"),
    Key("X", "X", "take_screenshot", "Save a picture of this view"),
    Key("Z", "Z", "zoom", "Timeline shows this episode only"),
)


def help_html(keys: Sequence[Key] = KEYS, mouse: Sequence[tuple[str, str]] = MOUSE) -> str:
    """The dialog's content, made from the table of keys."""
    listed = "".join(f"<li><kbd>{html.escape(k.label)}</kbd>{html.escape(k.description)}</li>" for k in keys)
    moved = "".join(f"<li><b>{what}</b>{effect}</li>" for what, effect in mouse)
    close = '<button type="button" data-close title="Close (Esc)" aria-label="Close">\N{MULTIPLICATION SIGN}</button>'
    return (
        f'<section class="rv-keys"><h2>Keys</h2><ul>{listed}</ul></section>'
        f"<section><h2>Mouse and touch</h2><ul>{moved}</ul></section>{close}"
    )
