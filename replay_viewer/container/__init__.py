"""The recording container, whole: its layout, the writers, the readers, repair and packing. FORMAT.md specifies it."""
