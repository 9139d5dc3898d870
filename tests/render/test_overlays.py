"""What overlays make of pictures, read from the pixels of the images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from memory_rollout import memory_rollout, still, windows

from replay_viewer.errors import BadArgument, UnknownName
from replay_viewer.render.film import Moment
from replay_viewer.render.overlays import make_overlay, title_card
from replay_viewer.render.overlays.painting import tint
from replay_viewer.replay.replay import Replay, with_robots
from replay_viewer.replay.world import world_of
from replay_viewer.rollout.episodes import Episode
from replay_viewer.theme import DARK, GAIN_COLOR, LIGHT, LOSS_COLOR, OUTCOME_COLORS, Look, Rgb, rgb_bytes
from replay_viewer.view_names import OVERLAYS

SIZES = [(640, 360), (1280, 720), (1920, 1080), (720, 1280), (720, 720), (642, 480)]
SIZE = (1280, 720)
HOSTILE = "\u202e\x1b[31m" + "W" * 5000 + "\n漢字\0"


def replay_of(terms: np.ndarray | None = None, rew: np.ndarray | None = None, **facts: Any) -> Replay:
    """A recording of one env with these reward terms (T, 1, [A,] K) and rewards (T, 1[, A])."""
    given = next(values for values in (terms, rew, np.zeros(20)) if values is not None)
    values = still(len(given), 1)
    names = facts.pop("names", None)
    if terms is not None:
        values["rew_terms"] = np.asarray(terms, dtype=np.float32)
        names = names or [f"term {k}" for k in range(terms.shape[-1])]
    if rew is not None:
        values["rew"] = np.asarray(rew, dtype=np.float32)
    ending = facts.pop("ending", {"outcome": "unfinished"})
    episode = Episode(0, 0, 0, len(given) - 1, **ending)
    title = facts.pop("title", "memory")
    replay = with_robots(memory_rollout(values, episodes={0: [episode]}, reward_terms=names or (), **facts))
    replay.rollout.name = title
    return replay


def waves(num_steps: int = 200, num_terms: int = 3) -> np.ndarray:
    """Terms (T, 1, K) that go up and down."""
    steps = np.arange(num_steps)[:, None, None]
    return np.sin(steps / 20 + np.arange(num_terms)) * (1 + np.arange(num_terms))


def rewarded(num_steps: int = 200, **facts: Any) -> Replay:
    terms = waves(num_steps)
    return replay_of(terms, terms.sum(-1), **facts)


def moment_at(replay: Replay, position: float) -> Moment:
    episode = replay.rollout.episode_at(0, int(position))
    return Moment(position, (0,), episode, (position - episode.first_step) * replay.rollout.control_dt)


def noise(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def image_of(
    replay: Replay, position: float, name: str = "rewards", size: tuple[int, int] = SIZE, look: Look = LIGHT
) -> np.ndarray:
    """The image over a black picture."""
    overlay = make_overlay(name, world_of([replay]), size, look)
    width, height = overlay.picture_size
    return overlay.compose(np.zeros((height, width, 3), dtype=np.uint8), moment_at(replay, position))


def is_color(image: np.ndarray, color: Rgb) -> np.ndarray:
    return (image == np.array(color, dtype=np.uint8)).all(axis=-1)


def panel_of(replay: Replay, image: np.ndarray) -> np.ndarray:
    """The panel at the right of a landscape image."""
    return image[:, make_overlay("rewards", world_of([replay]), SIZE, LIGHT).picture_size[0] :]


# -- pictures and images ------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "name", [name for name in OVERLAYS if name != "cameras"]
)  # Those need films: test_camera_insets.py.
@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_images_have_the_videos_size_and_pictures_an_even_one(name: str, size: tuple[int, int], look: Look) -> None:
    replay = rewarded()
    world = world_of([replay, rewarded()] if name == "errors" else [replay])
    overlay = make_overlay(name, world, size, look)
    assert [side % 2 for side in overlay.picture_size] == [0, 0]
    image = overlay.compose(noise(overlay.picture_size), moment_at(replay, 100.5))
    assert image.shape == (size[1], size[0], 3) and image.dtype == np.uint8


@pytest.mark.parametrize("name", ["hud", "rewards"])
@pytest.mark.parametrize("size", SIZES)
def test_only_the_strip_covers_the_picture(name: str, size: tuple[int, int]) -> None:
    replay = rewarded(title=HOSTILE, ending={"outcome": "terminated", "outcome_reason": HOSTILE})
    overlay = make_overlay(name, world_of([replay]), size, LIGHT)
    picture = noise(overlay.picture_size)
    before = picture.copy()
    image = overlay.compose(picture, moment_at(replay, 199))
    height = picture.shape[0] - round(0.075 * min(size)) - 10
    np.testing.assert_array_equal(image[:height, : picture.shape[1]], before[:height])
    np.testing.assert_array_equal(picture, before)


def test_without_an_overlay_the_picture_is_the_image() -> None:
    picture = noise(SIZE)
    replay = rewarded()
    np.testing.assert_array_equal(
        make_overlay("none", world_of([replay]), SIZE, LIGHT).compose(picture, moment_at(replay, 3)), picture
    )


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("shade", [0, 255])
def test_the_strip_can_be_read_over_black_and_over_white(look: Look, shade: int) -> None:
    image = np.full((360, 640, 3), shade, dtype=np.uint8)
    replay = rewarded()
    overlay = make_overlay("hud", world_of([replay]), (640, 360), look)
    strip = overlay.compose(image, moment_at(replay, 50))[330:350, 2:6]
    background = strip[0, 0]
    assert is_color(strip, tuple(background)).all()
    assert contrast(look.text, background) > 7
    assert contrast(look.muted_text, background) > 3


def contrast(one: Any, other: Any) -> float:
    """Contrast ratio of two colours, after WCAG 2.1, section 1.4.3."""
    values = np.array([one, other]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_tint_is_a_weighted_mean() -> None:
    image = noise((31, 17))
    expected = 0.25 * image + 0.75 * np.array([200, 100, 0])
    tint(image, (200, 100, 0), 0.75)
    assert np.abs(image - expected).max() <= 1


# -- time ---------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_the_playhead_is_at_the_time_of_the_moment(size: tuple[int, int]) -> None:
    replay = replay_of(np.ones((200, 1, 2)), np.full((200, 1), 2.0))
    first, last, early, late = (playhead(replay, position, size) for position in (0, 199, 50.25, 120))
    assert last - first > 0.15 * size[0]
    assert early == pytest.approx(first + 50.25 / 199 * (last - first), abs=1.5)
    assert late == pytest.approx(first + 120 / 199 * (last - first), abs=1.5)


def playhead(replay: Replay, position: float, size: tuple[int, int]) -> int:
    """The column with the longest line in the text's colour."""
    image = image_of(replay, position, size=size)
    width, height = make_overlay("rewards", world_of([replay]), size, LIGHT).picture_size
    image[:height, :width] = 255
    is_dark = np.abs(image.astype(int) - LIGHT.text).max(axis=-1) < 140
    run = longest = np.zeros(size[0], dtype=int)
    for row in is_dark:
        run = (run + 1) * row
        longest = np.maximum(longest, run)
    return int(longest.argmax())


def test_what_is_to_come_is_fainter_than_what_was() -> None:
    replay = rewarded()
    early, late = (panel_of(replay, image_of(replay, position)) for position in (20, 180))
    colored = [is_color(panel, LIGHT.accent).sum() for panel in (early, late)]
    assert colored[1] > 4 * colored[0] > 0


@pytest.mark.parametrize("position", [0, 50, 100, 199])
def test_the_progress_line_is_the_share_of_the_episode(position: int) -> None:
    line = is_color(image_of(rewarded(), position, "hud")[-1], LIGHT.accent)
    assert line.sum() == pytest.approx(SIZE[0] * position / 199, abs=1)
    assert line[: line.sum()].all()


def test_the_strip_tells_the_outcome_only_at_the_end() -> None:
    replay = rewarded(ending={"outcome": "terminated", "outcome_reason": "fell"})
    chip = [is_color(image_of(replay, p, "hud"), rgb_bytes(OUTCOME_COLORS["terminated"])).sum() for p in (0, 150, 199)]
    assert chip[:2] == [0, 0] and chip[2] > 500


def test_a_success_is_told_in_its_own_colour() -> None:
    image = image_of(rewarded(ending={"outcome": "truncated", "success": True}), 199, "hud")
    assert is_color(image, rgb_bytes(OUTCOME_COLORS["success"])).sum() > 500
    assert not is_color(image, rgb_bytes(OUTCOME_COLORS["truncated"])).any()


def test_a_position_just_below_a_step_is_that_step() -> None:
    replay = rewarded()
    np.testing.assert_array_equal(image_of(replay, 100 - 1e-9, "hud"), image_of(replay, 100, "hud"))
    assert (image_of(replay, 99.5, "hud") != image_of(replay, 100, "hud")).any()


def test_an_episode_of_one_step_is_complete() -> None:
    image = image_of(rewarded(1), 0)
    assert (
        is_color(image[-1], LIGHT.accent).sum()
        == make_overlay("rewards", world_of([rewarded(1)]), SIZE, LIGHT).picture_size[0]
    )


# -- bars and curves ----------------------------------------------------------


def bar_lengths(image: np.ndarray, color: str) -> np.ndarray:
    """Lengths of the bars of a colour, from the uppermost down [px], without their antialiased ends."""
    lengths = is_color(image, rgb_bytes(color)).sum(axis=1)
    starts = np.flatnonzero((lengths > 0) & (np.roll(lengths, 1) == 0))
    return lengths[starts + 2]


def test_the_length_of_a_bar_is_the_value_on_one_scale_for_the_episode() -> None:
    terms = np.zeros((100, 1, 3))
    terms[:, 0, 0] = np.linspace(0, 1, 100)
    terms[:, 0, 1] = 2 - np.linspace(0, 2, 100)
    terms[:, 0, 2] = -2
    replay = replay_of(terms, terms.sum(-1), names=("up", "down", "loss"))
    for step in (30, 60, 90):
        panel = panel_of(replay, image_of(replay, step))
        full = bar_lengths(panel, LOSS_COLOR)[0]
        np.testing.assert_allclose(bar_lengths(panel, GAIN_COLOR) / full, terms[step, 0, :2] / 2, atol=2 / full)


def test_losses_go_left_of_zero_and_gains_go_right() -> None:
    panel = panel_of(replay := replay_of(np.tile([1.0, -1.0], (9, 1, 1))), image_of(replay, 4))
    gains, losses = (
        np.flatnonzero(is_color(panel, rgb_bytes(color)).any(axis=0)) for color in (GAIN_COLOR, LOSS_COLOR)
    )
    assert losses.max() < gains.min() <= losses.max() + 3
    assert len(gains) == pytest.approx(len(losses), abs=1)


def test_a_term_that_is_no_number_has_no_bar() -> None:
    terms = np.tile([np.nan, 1.0], (20, 1, 1))
    panel = panel_of(replay := replay_of(terms, np.ones((20, 1))), image_of(replay, 10))
    assert len(bar_lengths(panel, GAIN_COLOR)) == 1
    assert not is_color(panel, rgb_bytes(LOSS_COLOR)).any()


@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")  # inf - inf is what the terms leave.
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, 1e-30, 1e30])
def test_any_value_can_be_shown(value: float) -> None:
    terms = waves(60)
    terms[10:20, 0, 0] = value
    terms[:, 0, 1] = value
    for given in ((terms, terms.sum(-1)), (terms, None), (None, terms[..., 1])):
        for position in (0, 15.5, 59):
            replay = replay_of(*given)
            assert panel_of(replay, image_of(replay, position)).std() > 5


def test_rewards_of_agents_are_summed() -> None:
    terms = np.stack([waves(), 2 * waves()], axis=2)
    agents, summed = replay_of(terms, terms.sum(-1)), replay_of(terms.sum(2), terms.sum((2, 3)))
    differences = (image_of(agents, 80) != image_of(summed, 80)).any(axis=(1, 2))
    heading = np.flatnonzero(differences)
    assert len(heading) and heading.max() < 40


def test_without_rewards_there_is_no_panel() -> None:
    replay = replay_of()
    assert make_overlay("rewards", world_of([replay]), SIZE, LIGHT).picture_size == SIZE
    difference = image_of(replay, 5) != image_of(replay, 5, "hud")
    assert difference.any()  # The strip says why.


def test_without_terms_the_reward_has_the_bar() -> None:
    replay = replay_of(None, np.ones((50, 1)))
    assert len(bar_lengths(panel_of(replay, image_of(replay, 20)), GAIN_COLOR)) == 1


# -- names of a file ----------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_names_from_a_file_move_no_number(size: tuple[int, int]) -> None:
    ending = {"outcome": "terminated"}
    long = rewarded(title=HOSTILE, names=(HOSTILE, "b" * 99, ""), ending=ending)
    short = rewarded(title="a", names=("a" * 99, "b", "c"), ending=ending)
    one, other = (image_of(replay, 150, size=size) for replay in (long, short))
    width, height = make_overlay("rewards", world_of([long]), size, LIGHT).picture_size
    numbers = np.s_[height - 40 : height, round(0.8 * width) : width]
    charts = np.s_[size[1] // 2 :, width:] if width < size[0] else np.s_[height:, size[0] // 2 :]
    np.testing.assert_array_equal(one[numbers], other[numbers])
    np.testing.assert_array_equal(one[charts], other[charts])


def test_names_of_any_alphabet_are_written_and_stay_in_their_place() -> None:
    names = ("漢字の報酬", "мощность", "ضبط", "🤖🤖", "é\u0301\u200b")
    terms = np.ones((30, 1, 5))
    replay = replay_of(terms, terms.sum(-1), names=names, title="".join(names))
    assert len(bar_lengths(panel_of(replay, image_of(replay, 10)), GAIN_COLOR)) == 5


# -- many pictures ------------------------------------------------------------


def test_an_episode_is_read_once_however_many_pictures_and_threads_there_are() -> None:
    replay = rewarded(9000)
    overlay = make_overlay("rewards", world_of([replay]), (640, 360), DARK)
    picture = noise(overlay.picture_size)
    moments = [moment_at(replay, position) for position in np.linspace(0, 8999, 40)]
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda moment: overlay.compose(picture, moment), moments))
    alone = make_overlay("rewards", world_of([rewarded(9000)]), (640, 360), DARK)
    for image, moment in zip(images, moments, strict=True):
        np.testing.assert_array_equal(image, alone.compose(picture, moment))
    steps_read = {
        name: sum(n for field, n in windows(replay.rollout) if field == name) for name in ("rew", "rew_terms")
    }
    assert steps_read == {"rew": 9000, "rew_terms": 9000}


def test_each_episode_has_its_own_numbers() -> None:
    terms = np.concatenate([np.full((50, 1, 1), 1.0), np.full((50, 1, 1), -1.0)])
    values = still(100, 1) | {"rew_terms": terms}
    episodes = [Episode(0, 0, 0, 49, "terminated"), Episode(0, 1, 50, 99, "unfinished")]
    replay = with_robots(memory_rollout(values, episodes={0: episodes}, reward_terms=("a",)))
    overlay = make_overlay("rewards", world_of([replay]), SIZE, LIGHT)
    picture = np.zeros((overlay.picture_size[1], overlay.picture_size[0], 3), dtype=np.uint8)
    for position, color in ((49.9, GAIN_COLOR), (50, LOSS_COLOR), (10, GAIN_COLOR)):
        panel = panel_of(replay, overlay.compose(picture, moment_at(replay, position)))
        shown = [is_color(panel, rgb_bytes(each)).any() for each in (GAIN_COLOR, LOSS_COLOR)]
        assert shown == [color == GAIN_COLOR, color == LOSS_COLOR]


# -- what cannot be made ------------------------------------------------------


def test_unknown_overlays_are_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match="none, hud, rewards"):
        make_overlay("stats", world_of([rewarded()]), SIZE, LIGHT)


def test_a_panel_that_nobody_could_read_is_refused() -> None:
    with pytest.raises(BadArgument, match="at least 300 pixels"):
        make_overlay("rewards", world_of([rewarded()]), (320, 240), LIGHT)


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (64, 40), (200, 120)])
def test_a_tiny_picture_has_the_strip_that_fits(size: tuple[int, int]) -> None:
    assert image_of(rewarded(ending={"outcome": "terminated"}), 199, "hud", size).shape == (size[1], size[0], 3)


# -- captions -----------------------------------------------------------------


@pytest.mark.parametrize("size", [*SIZES, (64, 64), (2, 2)])
def test_captions_stay_inside_their_margins(size: tuple[int, int]) -> None:
    plain = title_card(size, "", [], DARK)
    card = title_card(size, HOSTILE, [HOSTILE] * 100, DARK)
    assert card.shape == (size[1], size[0], 3) and card.dtype == np.uint8
    margin = round(0.05 * size[0])
    changed = (card != plain).any(axis=-1)
    assert not changed[:, :margin].any() and not changed[:, size[0] - margin :].any()


def test_a_caption_is_in_the_middle() -> None:
    changed = (title_card(SIZE, "HH", [], LIGHT) != title_card(SIZE, "", [], LIGHT)).any(axis=-1)
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(SIZE[1] / 2, abs=2)
    assert (columns[0] + columns[-1]) / 2 == pytest.approx(SIZE[0] / 2, abs=2)
