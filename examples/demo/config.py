"""The task's settings, arranged as in legged_gym."""

from __future__ import annotations

from trotter import DEFAULT_JOINTS, KD, KP, urdf_path


class TrotterCfg:
    """Velocity tracking over gently uneven ground."""

    seed = 0

    class env:
        """Each episode is given so many seconds, and begins so far above the ground [m], in a direction [rad]."""

        episode_length_s = (6.5, 10.0)
        spacing = 3.0
        start_height = 0.32
        start_yaw = (-0.25, 0.25)

    class asset:
        """The robot: which contacts are penalised, and which end the episode after so many seconds."""

        file = str(urdf_path())
        foot_name = "foot"
        penalize_contacts_on = ("thigh", "calf")
        terminate_after_contacts_on = ("base",)
        seconds_down = 0.7

    class sim:
        """The physics' step [s]."""

        dt = 0.002

    class control:
        """PD controllers at the joints; action scale: joint target [rad] = scale x action + default."""

        stiffness, damping = KP, KD
        action_scale = 0.25
        decimation = 10
        default_joint_angles = DEFAULT_JOINTS

    class commands:
        """What is commanded for so many seconds: one of these, by its share; ranges of vx, vy [m/s] and turn rate."""

        resampling_time = 4.0
        kinds = (
            (0.45, (0.4, 0.9), (0.0, 0.0), (-0.25, 0.25)),
            (0.25, (0.2, 0.5), (0.0, 0.0), (0.5, 0.9)),
            (0.15, (0.0, 0.2), (0.25, 0.4), (0.0, 0.0)),
            (0.15, (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
        )

        class ranges:
            """What can be commanded by hand."""

            lin_vel_x, lin_vel_y, ang_vel_yaw = (-0.4, 0.9), (-0.4, 0.4), (-0.9, 0.9)

    class domain_rand:
        """Drawn once per env: the ground's friction, and mass that is added to the base [kg].

        Pushes come at intervals between these, and last `push_s` seconds; each would change the velocity of a body
        that nothing holds by so much [m/s].
        """

        friction_range = (0.4, 1.1)
        added_mass_range = (-1.0, 1.5)
        push_interval_s = (2.5, 5.0)
        push_s = 0.16
        push_vel = (0.4, 2.6)

    class rewards:
        """The scales are legged_gym's, per second."""

        only_positive_rewards = False
        tracking_sigma = 0.25

        class scales:
            """Weight of each term; they are multiplied by the control step's seconds."""

            termination = -2.0
            tracking_lin_vel = 1.0
            tracking_ang_vel = 0.5
            lin_vel_z = -2.0
            ang_vel_xy = -0.05
            orientation = -1.0
            torques = -2e-4
            dof_acc = -2.5e-7
            action_rate = -0.01
            feet_air_time = 1.0
            collision = -1.0
