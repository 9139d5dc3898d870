"""Gymnasium's environments, single and vector, with MuJoCo inside."""
