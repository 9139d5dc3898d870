"""The way to the browsers: the server, the messages, and everything that reaches into viser."""
