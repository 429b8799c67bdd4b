"""The guide a reader follows, and the command they type: `python -m tutorial`.

Python reads this file before `__main__`. It keeps to what Python 2.7 can read, so that an older interpreter says what
is missing instead of a SyntaxError; the Makefile asks the same of the interpreter that it sets up with.
"""

import sys

NEEDED = (3, 11)

if sys.version_info[:2] < NEEDED:
    found = NEEDED + tuple(sys.version_info[:2])
    said = "Python %d.%d or newer is needed, and this is Python %d.%d" % found  # noqa: UP031 - 2.7 has no f-strings
    sys.stderr.write(said + ": run `make setup`, then .venv/bin/python -m tutorial ...\n")
    sys.exit(4)
