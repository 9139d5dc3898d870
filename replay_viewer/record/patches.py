"""Methods of somebody else's objects, wrapped for a while."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, MutableSequence

Function = Callable[..., Any]
# Makes the replacement of a function out of that function.
Wrap = Callable[[Function], Function]
# Attribute of a replacement: its joint.
_JOINT = "_replay_viewer_joint"


class Patches:
    """Replaces methods, and functions in lists, and puts everything back.

    Several `Patches` may replace the same one, and put it back in any order. Methods are replaced by attributes of the
    instance: its class and other instances are left alone. What somebody else has wrapped since then stays theirs; so a
    replacement must do nothing but call its original once `active` is False.

    Args:
        failed: told of an error in what listens to a method; the method goes on as if nobody had listened.

    Attributes:
        active: whether they have not been put back.
        failed: as given.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.active, self.failed = True, failed
        self._joints: list[_Joint] = []
        self._undo: list[Callable[[], None]] = []

    def method(self, owner: Any, name: str, wrap: Wrap) -> None:
        """Replace `owner.name`. Raises AttributeError if there is none."""
        # Not setattr: gym's wrappers and torch's modules have opinions about it.
        self._join(vars(owner), name, getattr(owner, name), wrap)

    def item(self, functions: MutableSequence[Any], index: int, wrap: Wrap) -> None:
        """Replace one function of a list."""
        self._join(functions, index, functions[index], wrap)

    def listener(self, before: Callable[..., None] | None = None, after: Callable[[Any], None] | None = None) -> Wrap:
        """Makes replacements that listen: `before` gets the arguments of a call, `after` what it returned.

        What they raise stays here.
        """

        def wrap(original: Function) -> Function:
            @functools.wraps(original)
            def listening(*args: Any, **kwargs: Any) -> Any:
                if before is not None and self.active:
                    try:
                        before(*args, **kwargs)
                    except Exception as error:
                        self.failed(error)
                result = original(*args, **kwargs)
                if after is not None and self.active:
                    try:
                        after(result)
                    except Exception as error:
                        self.failed(error)
                return result

            return listening

        return wrap

    def stand_at(self, owner: Any, name: str) -> bool:
        """Whether a replacement of theirs is what `owner.name` calls first: nobody has put anything around it."""
        found = getattr(owner, name)
        joint = getattr(found, _JOINT, None)
        return joint in self._joints and joint.is_at(vars(owner), name, found)

    def part(self) -> Patches:
        """Patches that can be undone by themselves, and are undone with these."""
        part = Patches(self.failed)
        self._undo.append(part.undo)
        return part

    def undo(self) -> None:
        """Put everything back, the latest first; a second call does nothing."""
        self.active = False
        while self._undo:
            self._undo.pop()()

    def _join(self, place: Any, key: Any, found: Function, wrap: Wrap) -> None:
        """Wrap the function that stands at `place[key]`, or that a class provides for it."""
        joint = getattr(found, _JOINT, None)
        # Others copy a function's attributes when they wrap it, or the function to another place.
        if joint is None or not joint.is_at(place, key, found):
            joint = _Joint(place, key, found)
        joint.join(wrap)
        self._joints.append(joint)
        self._undo.append(functools.partial(joint.leave, wrap))


def standing_in(original: Function, call: Function) -> Function:
    """`call` in the place of a function, or of an object that is called, with all else that this has."""
    if inspect.isroutine(original):
        return functools.wraps(original)(call)
    return _StandIn(original, call)


class _StandIn:
    """Is called in the place of an object, which has everything else."""

    def __init__(self, original: Any, call: Function) -> None:
        self.__wrapped__, self._call = original, call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":  # Of a copy that has nothing yet.
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)


class _Joint:
    """A function in its place, with all who wrap it; they may leave in any order, the last of them puts it back."""

    def __init__(self, place: Any, key: Any, original: Function) -> None:
        # What stands there now.
        self.replacement = original
        self._place, self._key, self._original = place, key, original
        self._was_there = _stands_at(place, key) is not None
        self._wraps: list[Wrap] = []

    def is_at(self, place: Any, key: Any, replacement: Function) -> bool:
        """Whether it is this joint's replacement, and stands in its place."""
        return self._place is place and self._key == key and self.replacement is replacement

    def join(self, wrap: Wrap) -> None:
        """Wrap it too, outside of the others."""
        self._wraps.append(wrap)
        self._put()

    def leave(self, wrap: Wrap) -> None:
        """Wrap it no more."""
        self._wraps.remove(wrap)
        # What somebody else has put there since then stays theirs.
        if _stands_at(self._place, self._key) is self.replacement:
            self._put()

    def _put(self) -> None:
        self.replacement = self._original
        for wrap in self._wraps:
            self.replacement = wrap(self.replacement)
        if self._wraps:
            setattr(self.replacement, _JOINT, self)
        if self._wraps or self._was_there:
            self._place[self._key] = self.replacement
        else:
            del self._place[self._key]


def _stands_at(place: Any, key: Any) -> Any:
    try:
        return place[key]
    except LookupError:
        return None
