"""The recorder: writes recordings from inside a simulator's Python (3.8 or newer) with numpy alone.

`FORMAT.md` beside this file documents the recording for programs in any language.
"""
