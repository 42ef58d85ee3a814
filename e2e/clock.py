"""A clock of the tests' own, by faketime: servers and clients under it see the time that the test says."""

import datetime
import subprocess

import botocore.auth

REAL = botocore.auth.get_current_datetime


class Clock:
    """A clock that processes under faketime read from a file, so that it moves while they run."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set("+0")
        library = subprocess.run(
            ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        self.environment = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # Timers must go on in real seconds.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset):
        self.file.write_text(offset)

    def move(self, days, monkeypatch):
        """For servers under this clock, and for clients of this process."""
        self.set(f"+{days}d")
        ahead = datetime.timedelta(days=days)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *args, **kwargs: REAL(*args, **kwargs) + ahead)
