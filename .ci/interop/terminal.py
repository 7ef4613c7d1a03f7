"""Our virtual terminal, as the program that it is: `caisse terminal --pty`."""

import json
import signal
import subprocess
import threading
import time
import urllib.request

MONEY = ("charged", "credited", "cancelled")


class VirtualTerminal:
    """Started with the arguments of a scenario; its events are read as it prints them."""

    def __init__(self, caisse, arguments):
        command = [caisse, "terminal", "--pty", "--json", "--events", "--control", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.events, self.news = [], threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        listening = self.wait_for("listening")
        # The address says the line's settings too: serial:PATH?baud=9600&line=7e1.
        self.path = listening["path"]
        self._control = listening["control"]

    def _listen(self):
        for line in self.process.stdout:
            with self.news:
                self.events.append(json.loads(line))
                self.news.notify_all()

    def wait_for(self, name, count=1, within=15.0, **fields):
        """The event of this name, the count-th of its kind. Fails when it does not come."""
        until = time.monotonic() + within
        with self.news:
            while True:
                there = [it for it in self.events if it["event"] == name and fields.items() <= it.items()]
                if len(there) >= count:
                    return there[count - 1]
                if not self.news.wait(until - time.monotonic()):
                    raise AssertionError(f"the terminal never said {name} {fields or ''} ({count})")

    def count(self, name):
        with self.news:
            return sum(event["event"] == name for event in self.events)

    def money(self):
        """What moved, as the terminal printed it: ("charged", "debit", 1242)."""
        with self.news:
            return [
                (event["event"], event["operation"], event["amount_minor"])
                for event in self.events
                if event["event"] in MONEY
            ]

    def control(self, method, path, body=None):
        """What a hand at the terminal does, through its HTTP interface."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._control + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def state(self):
        return self.control("GET", "/state")["state"]

    def wait_until_idle(self, within=15.0):
        until = time.monotonic() + within
        while self.state() != "idle":
            if time.monotonic() > until:
                raise AssertionError(f"the terminal is still {self.state()}")
            time.sleep(0.05)

    def stop(self):
        """Ctrl-C; gives its exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "had to be killed"
