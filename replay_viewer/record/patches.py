"""Methods of somebody else's objects, wrapped for a while."""

from __future__ import annotations

import functools
from typing import Any, Callable, MutableSequence

Function = Callable[..., Any]
# Makes the replacement of a function out of that function.
Wrap = Callable[[Function], Function]


class Patches:
    """Replaces methods, and functions in lists, and puts everything back.

    Methods are replaced by attributes of the instance: its class and other instances are left alone. What somebody
    else has wrapped since then stays theirs; so a replacement must do nothing but call its original once `active` is
    False.

    Args:
        failed: told of an error in what listens to a method; the method goes on as if nobody had listened.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.active = True
        self._failed = failed
        self._undo: list[Callable[[], None]] = []

    def method(self, owner: Any, name: str, wrap: Wrap) -> None:
        """Replace `owner.name`. Raises AttributeError if there is none."""
        original, own = getattr(owner, name), vars(owner)
        was_own = name in own
        replacement = wrap(original)
        # Not setattr: gym's wrappers and torch's modules have opinions about it.
        own[name] = replacement

        def undo() -> None:
            if own.get(name) is not replacement:
                return
            if was_own:
                own[name] = original
            else:
                del own[name]

        self._undo.append(undo)

    def item(self, functions: MutableSequence[Any], index: int, wrap: Wrap) -> None:
        """Replace one function of a list."""
        original = functions[index]
        replacement = wrap(original)
        functions[index] = replacement

        def undo() -> None:
            if index < len(functions) and functions[index] is replacement:
                functions[index] = original

        self._undo.append(undo)

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
                        self._failed(error)
                result = original(*args, **kwargs)
                if after is not None and self.active:
                    try:
                        after(result)
                    except Exception as error:
                        self._failed(error)
                return result

            return listening

        return wrap

    def part(self) -> Patches:
        """Patches that can be undone by themselves, and are undone with these."""
        part = Patches(self._failed)
        self._undo.append(part.undo)
        return part

    def undo(self) -> None:
        """Put everything back, the latest first; a second call does nothing."""
        self.active = False
        while self._undo:
            self._undo.pop()()
