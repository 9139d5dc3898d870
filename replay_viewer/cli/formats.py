"""The command `formats`."""

from __future__ import annotations


def formats() -> None:
    """List the formats that recordings can have."""
    from replay_viewer.formats.table import all_formats

    rows = [(format.name, ", ".join(format.suffixes), format.extra) for format in all_formats()]
    width = max(len(name) for name, _, _ in rows)
    for name, suffixes, extra in rows:
        print(f"{name:{width}}  {suffixes}" + (f"  (needs: pip install {extra})" if extra else ""))
