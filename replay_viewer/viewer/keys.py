"""The keys: one table for what they do, the search of commands and the help dialog.

They are those of players (space, arrows, J K L, < and >, as YouTube has them). W A S D Q E and the arrows up and down
move viser's camera, so none of them is used.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NamedTuple

MOUSE = (
    ("Drag", "Orbit"),
    ("Right drag", "Pan; two fingers on a touch screen"),
    ("Wheel", "Nearer or farther; pinch on a touch screen"),
    ("Link", "Click for its joint, pose and values, and to pin their curves"),
    ("Double click", "Orbit about this place"),
    ("Robot", "Click to watch it, of the crowd that M shows"),
    ("Timeline", "Drag to scrub; colours tell how an episode ended"),
    ("Chart", "Click to go there; drag for an A-B loop; wheel for a part of the time, double click for all of it"),
)


class Key(NamedTuple):
    """A key and what it does.

    Attributes:
        key: as browsers name it (KeyboardEvent.key), of letters the capital.
        label: for people.
        action: what the table of actions calls it.
        description: for the help; what stands before a colon is said when it is pressed.
        with_shift: of letters and arrows, whether it is pressed together with Shift.
    """

    key: str
    label: str
    action: str
    description: str
    with_shift: bool = False


KEYS = (
    Key(" ", "Space", "toggle", "Play or pause"),
    Key("ArrowLeft", "\N{LEFTWARDS ARROW}", "step_back", "One step back"),
    Key("ArrowRight", "\N{RIGHTWARDS ARROW}", "step_forward", "One step forward"),
    Key("ArrowLeft", "Shift \N{LEFTWARDS ARROW}", "jump_back", "One second back", with_shift=True),
    Key("ArrowRight", "Shift \N{RIGHTWARDS ARROW}", "jump_forward", "One second forward", with_shift=True),
    Key("J", "J", "leap_back", "Five seconds back"),
    Key("K", "K", "toggle", "Pause or play"),
    Key("L", "L", "leap_forward", "Five seconds forward"),
    Key("<", "<", "slower", "Slower"),
    Key(">", ">", "faster", "Faster"),
    Key("Home", "Home", "go_to_start", "Start of the recording"),
    Key("End", "End", "go_to_end", "End of the recording"),
    Key("N", "N", "go_to_next_end", "Next episode end: how it fell"),
    Key("P", "P", "go_to_previous_end", "Previous episode end"),
    Key("N", "Shift N", "go_to_next_failure", "Next failure: of all episodes in the table", with_shift=True),
    Key("P", "Shift P", "go_to_previous_failure", "Previous failure", with_shift=True),
    Key("PageUp", "Page Up", "go_to_previous_episode", "Previous episode"),
    Key("PageDown", "Page Down", "go_to_next_episode", "Next episode"),
    Key("G", "G", "go_live", "Live: the newest step, as it is recorded (--tail)"),
    Key("O", "O", "next_loop", "Loop: off, episode, all, A-B"),
    Key("[", "[", "select_from_here", "A-B loop from here: A is this step (or drag over a chart)"),
    Key("]", "]", "select_to_here", "A-B loop to here: B is this step; Escape clears"),
    Key("1", "1", "look_top", "Camera top"),
    Key("2", "2", "look_side", "Camera side"),
    Key("3", "3", "look_front", "Camera front"),
    Key("4", "4", "look_follow", "Camera behind the robot"),
    Key("R", "R", "frame_all", "Frame all robots that are drawn"),
    Key("R", "Shift R", "toggle_keep_all", "Keep all recordings in view: on or off", with_shift=True),
    Key("F", "F", "toggle_follow", "Follow the robot: on or off"),
    Key("M", "M", "toggle_crowd", "Crowd: the other envs around this one, on or off"),
    Key("H", "H", "toggle_shadows", "Shadows: on or off"),
    Key("C", "C", "next_mode", "Compare: recordings as recorded, from one place, side by side"),
    Key("X", "X", "take_screenshot", "Screenshot: a picture of this view is saved"),
    Key("Y", "Y", "copy_link", "Link copied: it leads to these recordings, this step and this view"),
    Key("Z", "Z", "zoom", "Zoom: the timeline shows this episode only"),
)


def page_keys(keys: Sequence[Key] = KEYS) -> list[dict[str, object]]:
    """The table as page/keys.js has it."""
    return [
        {"key": k.key, "shift": k.with_shift, "label": k.label, "action": k.action, "said": k.description.split(":")[0]}
        for k in keys
    ]


def keys_by_action() -> list[list[Key]]:
    """The keys of each action, which may have several."""
    actions = dict.fromkeys(key.action for key in KEYS)
    return [[key for key in KEYS if key.action == action] for action in actions]


def help_html(keys: Sequence[Key] = KEYS, mouse: Sequence[tuple[str, str]] = MOUSE) -> str:
    """The dialog's content, made from the table of keys."""
    listed = "".join(f"<li><kbd>{html.escape(k.label)}</kbd>{html.escape(k.description)}</li>" for k in keys)
    moved = "".join(f"<li><b>{what}</b>{effect}</li>" for what, effect in mouse)
    close = '<button type="button" data-close title="Close (Esc)" aria-label="Close">\N{MULTIPLICATION SIGN}</button>'
    return (
        f'<section class="rv-keys"><h2>Keys</h2><ul>{listed}</ul></section>'
        f"<section><h2>Mouse and touch</h2><ul>{moved}</ul></section>{close}"
    )


def hint_html() -> str:
    """The keys to begin with, in one line."""
    of = {
        action: f"<kbd>{html.escape(keys[0].label)}</kbd>" for keys in keys_by_action() for action in [keys[0].action]
    }
    parts = (
        f"{of['toggle']} play or pause",
        f"{of['step_back']}{of['step_forward']} step",
        f"{of['go_to_next_end']} next fall",
        "<kbd>?</kbd> all keys",
    )
    return "".join(f"<span>{part}</span>" for part in parts)
