"""The real terminal UI in a pseudo-terminal, with somebody who presses keys."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

_KEYS = ("r", "\r", "t", "d", "r", "\x1b", "\x1b", "j", "r")
_SEQUENCE = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")


class Terminal:
    """A terminal of 80 by 24 in which `workbench` runs."""

    def __init__(self, root: Path) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        code = "from workbench.cli.main import run; run()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "-C", str(root)],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=os.environ | {"TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(theirs)
        self._drawn = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._place = 0

    def press(self) -> None:
        """Presses the next key."""
        os.write(self._ours, _KEYS[self._place % len(_KEYS)].encode())
        self._place += 1

    def is_open(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def leave(self) -> tuple[int, str]:
        """Leaves by the key for it; the exit code and all text that was drawn."""
        for _ in range(40):
            if not self.is_open():
                break
            os.write(self._ours, b"\x1b")
            time.sleep(0.3)
            os.write(self._ours, b"q")
            time.sleep(0.7)
        if self.is_open():
            self._process.kill()
        code = self._process.wait()
        self._reader.join(5)
        os.close(self._ours)
        return code, _SEQUENCE.sub(b"", bytes(self._drawn)).decode("utf-8", "replace")

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 65536)
            except OSError:
                return
            if not data:
                return
            self._drawn += data
