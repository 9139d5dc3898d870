"""Wrappers of Gymnasium and stable-baselines3, as far as they may change the reward."""

from __future__ import annotations

from typing import Any, Iterable

# Of classes that hand on the reward as it is; the first that defines how a wrapper steps is asked for.
_HAND_ON = {
    "ActionWrapper",
    "AddRenderObservation",
    "Autoreset",
    "AutoResetWrapper",
    "DictInfoToList",
    "DmControlCompatibilityV0",
    "EnvCompatibility",
    "FrameStackObservation",
    "HumanRendering",
    "Monitor",
    "ObservationWrapper",
    "OrderEnforcing",
    "PassiveEnvChecker",
    "RecordEpisodeStatistics",
    "RecordVideo",
    "RenderCollection",
    "TimeAwareObservation",
    "TimeLimit",
    "VecCheckNan",
    "VecEnv",
    "VecExtractDictObs",
    "VecFrameStack",
    "VecMonitor",
    "VecTransposeImage",
    "VecVideoRecorder",
    "VectorActionWrapper",
    "VectorObservationWrapper",
    "VectorWrapper",
    "Wrapper",
}
_STEPS = {"step", "step_wait"}


def reward_wrappers(layers: Iterable[Any]) -> list[str]:
    """Names of those layers around an environment that may change the reward: of all but those known not to."""
    return [type(layer).__name__ for layer in layers if _may_change_reward(layer)]


def _may_change_reward(layer: Any) -> bool:
    steps = next((cls.__name__ for cls in type(layer).__mro__ if _STEPS & vars(cls).keys()), "Wrapper")
    return steps not in _HAND_ON
