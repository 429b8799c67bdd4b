"""The guide a reader follows, and the command they type: `python -m tutorial`."""
