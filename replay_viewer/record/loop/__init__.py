"""Loops of an environment and a policy that the recorder makes itself: one keeps what happens, one collects pictures.

Which file to open for what:

    rollout_recorder   RolloutRecorder: resets, steps, counts episodes, and names the file at the end
    collect_frames     collect_frames_from_env: what the environment itself renders, for a film
    policies           make_policy: a policy out of a file; weights reads those of PyTorch and rsl_rl
    env_and_policy     what both loops ask of environments and policies, whatever API they have
    policy_log         what the policy sees and does, and each step's info, which no recording has
    plain_info         an info as plain data
    plain_npz          the plain .npz that a rollout becomes, and its layout

A loop steps the environment; what is recorded of it then comes from `attach`.
"""
