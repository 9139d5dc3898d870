"""Gymnasium's environments, single and vector, with MuJoCo inside: `env` has the adapters, `steps` what steps tell."""
