"""Small URDFs, written for one test."""

from __future__ import annotations

from pathlib import Path


def write_urdf(folder: Path, body: str, name: str = "robot.urdf") -> Path:
    """A URDF with `body` inside its <robot> element."""
    path = folder / name
    path.write_text(f'<?xml version="1.0"?>\n<robot name="tiny">{body}</robot>')
    return path


def links(*names: str) -> str:
    """Links without anything on them."""
    return "".join(f'<link name="{name}"/>' for name in names)


def joint(name: str, kind: str, parent: str, child: str, inside: str = "") -> str:
    """A joint; `inside` are its other elements, such as its axis."""
    return f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{inside}</joint>'


def visual(geometry: str, inside: str = "") -> str:
    """A visual; `inside` are its other elements, such as its origin."""
    return f"<visual>{inside}<geometry>{geometry}</geometry></visual>"


def mesh(uri: object, inside: str = "", scale: str = "1 1 1") -> str:
    """A visual of a mesh file."""
    return visual(f'<mesh filename="{uri}" scale="{scale}"/>', inside)


def one_link(visuals: str) -> str:
    """A link 'a' with visuals."""
    return f'<link name="a">{visuals}</link>'
