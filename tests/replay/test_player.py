import math
import subprocess
import sys

import pytest

from replay_viewer.replay.player import MAX_SPEED, MIN_SPEED, SPEEDS, Player


def make_player(num_steps=101, **state):
    player = Player(num_steps, control_dt=0.02)
    for name, value in state.items():
        getattr(player, name)(value)
    return player


def test_starts_paused_at_the_first_step():
    player = make_player()
    assert (player.playing, player.position, player.step) == (False, 0, 0)
    assert not player.tick(1.0)
    assert player.position == 0


def test_plays_in_real_time_at_speed_one():
    player = make_player()
    player.play()
    assert player.tick(0.5)
    assert player.position == pytest.approx(25)


@pytest.mark.parametrize("speed", SPEEDS)
def test_speed_scales_time(speed):
    player = make_player(set_speed=speed)
    player.play()
    player.tick(0.1)
    assert player.position == pytest.approx(5 * speed)


def test_position_between_two_steps_shows_the_earlier_step():
    player = make_player(seek=3.9)
    assert player.step == 3
    assert player.position == 3.9


def test_many_small_ticks_do_not_lag_a_step():
    player = make_player()
    player.play()
    for _ in range(60):
        player.tick(1 / 60)
    assert player.step == 50


def test_stops_exactly_on_the_last_step():
    player = make_player(seek=99.5)
    player.play()
    assert player.tick(1.0)
    assert player.position == 100
    assert not player.playing
    assert not player.tick(1.0)


def test_reaching_the_last_step_exactly_stops_at_once():
    player = make_player(seek=99)
    player.play()
    player.tick(0.02)
    assert player.position == 100
    assert not player.playing


def test_play_at_the_end_restarts():
    player = make_player(seek=100)
    player.play()
    assert player.playing
    assert player.position == 0


def test_play_at_the_end_of_a_loop_wraps_instead_of_restarting():
    player = make_player(seek=100, set_loop="rollout")
    player.play()
    assert player.position == 100


def test_rollout_loop_carries_the_overshoot():
    player = make_player(seek=100, set_loop="rollout")
    player.play()
    player.tick(0.02 * 3.5)
    assert player.position == pytest.approx(2.5)
    assert player.playing


def test_loop_shows_the_last_step_as_long_as_the_others():
    player = make_player(num_steps=4, set_loop="rollout")
    player.play()
    shown = []
    for _ in range(16):
        shown.append(player.step)
        player.tick(0.01)
    assert shown == [0, 0, 1, 1, 2, 2, 3, 3] * 2


def test_loop_never_shows_a_position_past_the_last_step():
    player = make_player(num_steps=4, set_loop="rollout", seek=3)
    player.play()
    assert not player.tick(0.01)
    assert player.position == 3


def test_episode_loop_stays_in_the_window():
    player = make_player(set_loop="episode", seek=40)
    player.set_window(40, 49)
    player.play()
    player.tick(0.02 * 10)
    assert player.position == pytest.approx(40)
    player.tick(0.02 * 9.75)
    assert player.position == 49
    player.tick(0.02 * 0.75)
    assert player.position == pytest.approx(40.5)


def test_setting_the_same_window_again_does_not_lengthen_the_last_step():
    player = make_player(set_loop="episode", seek=49)
    player.play()
    for _ in range(4):
        player.set_window(40, 49)
        player.tick(0.005)
    assert player.position == pytest.approx(40)


def test_tick_much_longer_than_the_loop_lands_inside_it():
    player = make_player(set_loop="episode", seek=40)
    player.set_window(40, 49)
    player.play()
    player.tick(0.02 * 1234)
    assert player.position == pytest.approx(44)


@pytest.mark.parametrize("loop", ["off", "rollout"])
def test_playing_out_of_the_window_keeps_the_window(loop):
    player = make_player(set_loop=loop, seek=48)
    player.set_window(40, 49)
    player.play()
    player.tick(0.02 * 5)
    assert player.position == pytest.approx(53)
    assert player.window == (40, 49)


def test_single_step_loops_without_moving():
    player = make_player(num_steps=1, set_loop="rollout")
    player.play()
    assert not player.tick(5.0)
    assert player.position == 0


def test_single_step_stops_without_a_loop():
    player = make_player(num_steps=1)
    player.play()
    player.tick(0.02)
    assert not player.playing


@pytest.mark.parametrize(("asked", "got"), [(-3, 0), (1e9, 100), (math.inf, 100), (12.25, 12.25)])
def test_seek_is_clamped_to_the_rollout(asked, got):
    assert make_player(seek=asked).position == got


def test_seek_keeps_playing():
    player = make_player()
    player.play()
    player.seek(10)
    assert player.playing


def test_rounding_does_not_show_the_step_before():
    player = Player(num_steps=10, control_dt=0.1)
    assert 0.3 / 0.1 < 3
    player.seek(0.3 / 0.1)
    assert player.step == 3


def test_changing_the_loop_in_the_hold_of_the_last_step_does_not_jump():
    player = make_player(set_loop="episode", seek=49)
    player.set_window(40, 49)
    player.play()
    player.tick(0.01)
    player.set_loop("off")
    player.tick(0.005)
    assert player.position == pytest.approx(49.25)


def test_seek_ends_the_hold_of_the_last_step():
    player = make_player(num_steps=4, set_loop="rollout", seek=3)
    player.play()
    player.tick(0.015)
    player.seek(0)
    player.tick(0.01)
    assert player.position == pytest.approx(0.5)


@pytest.mark.parametrize(("start", "count", "end"), [(3.4, 1, 4), (3.4, -1, 2), (3, -1, 2), (0, -1, 0), (100, 1, 100)])
def test_step_by_pauses_on_a_whole_step(start, count, end):
    player = make_player()
    player.play()
    player.seek(start)
    player.step_by(count)
    assert not player.playing
    assert player.position == end


def test_toggle_alternates():
    player = make_player()
    player.toggle()
    assert player.playing
    player.toggle()
    assert not player.playing


def test_start_and_end():
    player = make_player(seek=50)
    player.go_to_end()
    assert player.step == 100
    player.go_to_start()
    assert player.step == 0


@pytest.mark.parametrize(("asked", "got"), [(0.001, MIN_SPEED), (1000, MAX_SPEED), (3.3, 3.3)])
def test_speed_is_clamped(asked, got):
    assert make_player(set_speed=asked).speed == got


@pytest.mark.parametrize("speed", [math.nan, math.inf, -1, 0])
def test_speed_must_be_a_positive_number(speed):
    with pytest.raises(ValueError, match="speed"):
        make_player(set_speed=speed)


def test_unknown_loop_is_refused():
    with pytest.raises(ValueError, match="episode"):
        make_player(set_loop="forever")


@pytest.mark.parametrize("window", [(-1, 5), (5, 4), (0, 101)])
def test_window_outside_the_rollout_is_refused(window):
    with pytest.raises(ValueError, match="window"):
        make_player().set_window(*window)


@pytest.mark.parametrize("wall_dt", [math.nan, -0.1, math.inf])
def test_time_runs_forward(wall_dt):
    with pytest.raises(ValueError, match="tick"):
        make_player().tick(wall_dt)


def test_seek_to_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        make_player(seek=math.nan)


@pytest.mark.parametrize(("num_steps", "control_dt"), [(0, 0.02), (10, 0), (10, math.nan)])
def test_player_needs_steps_and_a_period(num_steps, control_dt):
    with pytest.raises(ValueError, match="control_dt"):
        Player(num_steps, control_dt)


def test_playback_needs_no_third_party_package():
    code = "import sys, replay_viewer.replay.player; print('viser' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_selection_is_repeated_until_it_is_cleared():
    player = make_player(set_loop="episode", seek=70)
    player.select(20, 23)
    assert (player.position, player.loop, player.selection) == (20, "selection", (20, 23))
    player.play()
    player.tick(0.02 * 5)
    assert player.position == pytest.approx(21)
    player.clear_selection()
    assert (player.loop, player.selection) == ("episode", None)


def test_a_selection_made_around_the_position_moves_nothing():
    player = make_player(seek=21)
    player.select(20, 23)
    player.select(21, 30)
    assert player.position == 21
    player.clear_selection()
    assert player.loop == "off"


def test_clearing_a_selection_that_is_not_repeated_leaves_the_loop_alone():
    player = make_player()
    player.select(20, 23)
    player.set_loop("rollout")
    player.clear_selection()
    assert player.loop == "rollout"


@pytest.mark.parametrize("steps", [(-1, 5), (5, 4), (0, 101)])
def test_a_selection_outside_the_rollout_is_refused(steps):
    with pytest.raises(ValueError, match="selection"):
        make_player().select(*steps)


def test_no_selection_cannot_be_repeated():
    with pytest.raises(ValueError, match="nothing is selected"):
        make_player().set_loop("selection")
