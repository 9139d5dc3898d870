"""Gymnasium's environments, single and vector, with MuJoCo inside.

`env` has the adapters, `steps` what steps tell, `wrappers` which of them may change the reward.
"""
