"""The library of the films that training runs make: which there are below a folder, and what is known of each.

    manifest   a manifest, read on as its writer appends to it
    films      the films below a folder, with their states
    placing    where films stand in recordings
    clear      removes what this package has written there, and nothing else

Who writes films asks for them at its start, inside of a simulator, so this runs on Python 3.8 with numpy alone.
"""
