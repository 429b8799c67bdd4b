"""A command in a pseudo-terminal: what it shows is read as a reader would, what is typed goes in as keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from pathlib import Path

from fixtures.forked_commands import start, wait_for

ROOT = Path(__file__).parents[2]
LONGEST_S = 60  # a screen that says nothing awaited for so long hangs
# Colours, cursor moves and titles: ECMA-48's control sequences and xterm's operating system commands.
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[=>78]")
CTRL_C, CTRL_D = "\x03", "\x04"


class PseudoTerminal:
    """`python -m WORDS…` in `folder`, on a terminal of `columns`; ended on leaving the context."""

    def __init__(self, *words: str, folder: Path, columns: int = 200, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        left_out = ("COLUMNS", "LINES", "NO_COLOR", "AWS_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        kept |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment}
        self._process_id = start(words, folder, kept, [os.ttyname(theirs)])
        self._code: int | None = None
        os.close(theirs)
        self._raw = b""
        self._read_to = 0

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            os.kill(self._process_id, signal.SIGKILL)
            wait_for(self._process_id)
        os.close(self._ours)

    @property
    def raw(self) -> str:
        """All that came, colours and all."""
        return self._raw.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """All that came, as text."""
        return ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        """Presses keys."""
        os.write(self._ours, keys.encode())

    def until(self, words: str) -> str:
        """What came since the last call, up to `words`; AssertionError when it ends, or hangs, without them."""
        deadline = time.monotonic() + LONGEST_S
        while words not in (text := self.text)[self._read_to :]:
            if not self._more(deadline):
                raise AssertionError(f"expected {words!r}; the screen's end:\n{text[-3000:]}")
        start, self._read_to = self._read_to, text.index(words, self._read_to) + len(words)
        return text[start : self._read_to]

    def ended(self) -> tuple[int, str]:
        """The exit code, and what came since the last call; AssertionError when it does not end."""
        deadline = time.monotonic() + LONGEST_S
        while self._more(deadline):
            pass
        if time.monotonic() >= deadline:
            raise AssertionError(f"expected an end; the screen's end:\n{self.text[-3000:]}")
        self._code = wait_for(self._process_id)
        return self._code, self.text[self._read_to :]

    def _more(self, deadline: float) -> bool:
        """Reads what there is; False when nothing more comes."""
        if not select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so once nobody has the other end open
            return False
        self._raw += data
        return bool(data)
