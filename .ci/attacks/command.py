"""The command `caisse` as a process, and what it printed, with the time of each line."""

import json
import os
import signal
import subprocess
import threading
import time

# The exit codes of `caisse pay` by outcome.
EXIT_CODES = {"approved": 0, "declined": 1, "cancelled": 1, "unknown": 3, "not_sent": 4, "partially_approved": 5, "blocked": 6}


class Run:
    """A process of `caisse`. `code` is None while it runs; a signal that ended it is negative."""

    def __init__(self, command, env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options):
        self.began = time.monotonic()
        self.told, self.errors, self.killed, self.late, self.ended_at = [], [], False, False, None
        self.process = subprocess.Popen(command, env=env, stdin=stdin, stdout=stdout, stderr=stderr, **options)
        self.readers = []
        for stream, lines in ((self.process.stdout, self.told), (self.process.stderr, self.errors)):
            if stream:
                self.readers.append(threading.Thread(target=self._read, args=(stream, lines), daemon=True))
                self.readers[-1].start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append((time.monotonic(), line.decode("utf-8", "replace").rstrip("\n")))

    def signal(self, *signals, pause=0.1):
        for number, one in enumerate(signals):
            if number:
                time.sleep(pause)
            self.killed |= one == signal.SIGKILL
            self.process.send_signal(one)

    def wait(self, seconds):
        """Waits for the end without enforcing it. Returns whether the process ended."""
        try:
            self.process.wait(seconds)
            self.ended_at = self.ended_at or time.monotonic()
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self, seconds=60):
        """Waits for the end, and kills the process after so many seconds: `late` is then true."""
        if not self.wait(seconds):
            self.late = True
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join(2)
        return self

    @property
    def code(self):
        return self.process.poll()

    @property
    def seconds(self):
        return (self.ended_at or time.monotonic()) - self.began

    @property
    def out(self):
        return "\n".join(line for _, line in self.told)

    @property
    def err(self):
        return "\n".join(line for _, line in self.errors)

    @property
    def lines(self):
        """The JSON lines of standard output, each with the time at which it arrived under "arrived"."""
        lines = []
        for at, text in list(self.told):
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                lines.append(line | {"arrived": at})
        return lines

    @property
    def last(self):
        """The last JSON line: of `pay`, the outcome that counts."""
        return (self.lines or [{}])[-1]

    @property
    def outcome(self):
        return self.last.get("outcome")

    @property
    def reason(self):
        return (self.last.get("reason") or {}).get("code")

    def outcomes(self):
        return [line for line in self.lines if line.get("event") == "outcome"]

    def wait_for(self, event, seconds=20):
        """Waits for a JSON line with this event. Returns the line, or None."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.lines:
                if line.get("event") == event:
                    return line
            if self.code is not None and not any(reader.is_alive() for reader in self.readers):
                return next((line for line in self.lines if line.get("event") == event), None)
            time.sleep(0.005)
        return None

    def summary(self):
        """One line for a report."""
        if self.late:
            return f"no end after {self.seconds:.0f} s"
        if self.outcome:
            return f"{self.outcome} ({self.reason or self.last.get('proof')}), exit code {self.code}"
        return f"exit code {self.code}, {(self.err or self.out).strip()[-160:]!r}"


def environment(home, **more):
    """Returns an environment in which nothing of the account that runs the suite is found."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "CAISSE_", "FAULTS", "CLOCK_"))}
    return kept | {"HOME": str(home), "NO_COLOR": "1", "RUST_BACKTRACE": "0"} | more
