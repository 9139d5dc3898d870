"""Upload of the films of training runs to where the curves are, while a training goes on or afterwards.

    log_videos        log_videos(directory, run): in a script
    uploader          the thread that hands over what is new, newest first, until everything is there
    ledger            which films somebody has already, across restarts
    captions          what is said of a film, and at which step of the training it stands
    target            whom films are handed to
    wandb_run         a run of Weights & Biases
    tensorboard_log   a folder of TensorBoard's
    stable_baselines3, rllib, rsl_rl    the same as callbacks of these libraries

It runs inside of trainings: on Python 3.8 with numpy alone, beside the libraries that it hands films to.
"""
