"""A comparison: how several recordings are put beside each other in one world, as commands and Python ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import BadArgument
from .modes import Alignment, Mode, check_alignment, check_mode
from .world import World


@dataclass(frozen=True)
class Comparison:
    """Where recordings stand in one world, and what of them is shown at the same time.

    Attributes:
        mode: where they stand, see `modes`.
        alignment: what is shown at the same time, see `World`.
        delays: how much later each of the others is shown [s], in order; that of those without one stays as it is.

    Raises:
        UnknownName: a mode or an alignment that there is not.
    """

    mode: Mode = "recorded"
    alignment: Alignment = "start"
    delays: Sequence[float] = ()

    def __post_init__(self) -> None:
        check_mode(self.mode)
        check_alignment(self.alignment)

    def of(self, world: World) -> World:
        """A world put so, with the bookmarks that are noted beside its recordings.

        Raises BadArgument: more delays than others, one that is no number, or a take without a bookmark where these
        are aligned.
        """
        if len(self.delays) > len(world.others):
            problem = f"are {len(self.delays)}, and {len(world.others)} recordings are shown beside the first."
            raise BadArgument("delays", " ".join(f"{delay:g}" for delay in self.delays), problem)
        given = [*self.delays, *(take.delay for take in world.others[len(self.delays) :])]
        others = [replace(take, delay=delay) for take, delay in zip(world.others, given, strict=True)]
        return replace(world, others=tuple(others), mode=self.mode).with_marks().with_alignment(self.alignment)


# What is done where nobody asks for anything else.
USUAL = Comparison()
