"""The recorder: writes recordings from inside a simulator's Python (3.8 or newer) with numpy alone.

`container/FORMAT.md` documents the recording for programs in any language.
"""
