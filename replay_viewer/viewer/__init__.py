"""The browser viewer: a thin layer of viser handles over `Session`, the state of one replay."""
