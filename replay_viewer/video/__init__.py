"""Videos out of pictures: a streaming encoder with constant memory, on Python 3.8 and newer."""
