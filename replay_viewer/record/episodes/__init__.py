"""Episodes inside of the simulator: what the running ones have earned, and a record of each that has ended."""

from .finished import FinishedEpisodes
from .sums import EpisodeSums

__all__ = ["EpisodeSums", "FinishedEpisodes"]
