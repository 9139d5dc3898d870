"""One panel a file: each builds its handles once, posts what the user does, and follows the session one-way."""
