"""Scripted terminals on TCP, with a ledger of what they charged."""

import itertools
import select
import socket
import struct
import threading
import time
from collections import namedtuple

from wire import decode, encode

Charge = namedtuple("Charge", "terminal minor operation authorisation at")

FINANCIAL = {"0": "debit", "1": "credit", "2": "cancellation", "4": "cheque", "7": "deferred_debit"}
# A linger time of zero: closing the socket sends a reset.
RESET = struct.pack("ii", 1, 0)


class Exchange:
    """One connection with the first request on it."""

    def __init__(self, terminal, connection, request):
        self.terminal, self.connection, self.request = terminal, connection, request

    def charge(self, minor=None, authorisation=None):
        """Moves the money, and returns the authorisation number."""
        return self.terminal.charge(self.request, minor, authorisation)

    def approval(self, authorisation, **changes):
        """Returns an approval of this request. `changes` replaces the value of a field; None leaves the field out."""
        asked = self.request
        fields = {"CZ": "0300", **{tag: asked[tag] for tag in ("CJ", "CA", "CB", "CD", "CE") if tag in asked}}
        fields |= {"AA": "497412######1545", "AC": authorisation, "AE": "10", "CG": self.terminal.contract}
        fields |= {"AQ": self.terminal.serial_number, "CF": asked.get("CF")}
        return encode(*(fields | changes).items())

    def refusal(self, reason="04", **changes):
        """Returns a refusal of this request, with its echo."""
        asked = self.request
        fields = {"CZ": "0300", **{tag: asked[tag] for tag in ("CJ", "CA", "CB", "CD", "CE") if tag in asked}}
        return encode(*(fields | {"AE": "01", "AF": reason} | changes).items())

    def send(self, data):
        self.terminal.sent_at = time.monotonic()
        self.connection.sendall(data)

    def approve(self, **changes):
        self.send(self.approval(self.charge(), **changes))

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()

    def wait_for_close(self, seconds=20):
        """Reads until the till closes. Returns "in order", "reset" or "open", and the bytes that were read."""
        until, read = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            self.connection.settimeout(left)
            try:
                data = self.connection.recv(4096)
            except TimeoutError:
                break
            except OSError:
                return "reset", read
            if not data:
                return "in order", read
            read += data
        return "open", read


def approve(exchange):
    """Charges and approves at once, and waits until the till closes."""
    exchange.approve()
    exchange.terminal.closed, _ = exchange.wait_for_close()


def approve_with(minor=None, authorisation=None, **changes):
    """Charges this amount under this authorisation number, and approves with other values in these fields."""

    def script(exchange):
        exchange.send(exchange.approval(exchange.charge(minor, authorisation), **changes))
        exchange.wait_for_close()

    return script


def approve_after(seconds):
    def script(exchange):
        time.sleep(seconds)
        approve(exchange)

    return script


def refuse(exchange):
    exchange.send(exchange.refusal())
    exchange.terminal.closed, _ = exchange.wait_for_close()


def refuse_after(seconds):
    def script(exchange):
        time.sleep(seconds)
        refuse(exchange)

    return script


def silent(exchange):
    """Does nothing: no charge and no answer."""
    exchange.wait_for_close(60)


def charge_silently(exchange):
    """Charges, and never answers."""
    exchange.charge()
    exchange.wait_for_close(60)


def last_transaction(exchange):
    """Answers a duplicata with the last charge, or with "not completed"."""
    terminal, asked = exchange.terminal, exchange.request
    head = {"CZ": "0300", "CJ": asked.get("CJ"), "CA": asked.get("CA")}
    if terminal.last:
        request, authorisation, minor = terminal.last
        amount = str(minor).zfill(len(request["CB"]))
        body = {"CB": amount, "CD": "3", "CE": request["CE"], "AC": authorisation, "AE": "10"}
    else:
        body = {"CD": "3", "AE": "01", "AF": "07"}
    identity = {"CG": terminal.contract, "AQ": terminal.serial_number}
    exchange.send(encode(*(head | body | identity | terminal.told_differently).items()))
    exchange.wait_for_close(5)


def identify(exchange):
    """Answers an identification."""
    asked, terminal = exchange.request, exchange.terminal
    fields = {"CZ": "0300", "CJ": asked.get("CJ"), "CA": asked.get("CA"), "CD": asked.get("CD"), "AE": "10"}
    exchange.send(encode(*(fields | {"CG": terminal.contract}).items()))
    exchange.wait_for_close(5)


class Terminal:
    """A terminal that plays a script for each financial request: the first for the first, the last one stays.

    `contract` (CG) and `serial_number` (AQ) are what it shows of itself. `told_differently` replaces fields of the answer to
    a duplicata. `before` runs for each connection before anything is read.
    """

    numbers = itertools.count(1)

    def __init__(
        self,
        *scripts,
        host="127.0.0.1",
        port=0,
        listener=None,
        contract="1999403",
        serial_number=None,
        duplicata=last_transaction,
        probe=identify,
        before=None,
    ):
        self.scripts = list(scripts) or [approve]
        self.contract, self.serial_number = contract, serial_number
        self.duplicata, self.probe, self.before = duplicata, probe, before
        self.told_differently = {}
        self.charges, self.requests, self.others = [], [], []
        self.last, self.closed, self.sent_at = None, None, None
        self.connections = self.open = self.most_open = 0
        self.lock, self.arrived = threading.Lock(), threading.Event()
        self.authorisations = itertools.count(next(Terminal.numbers) * 1000 + 100_123)
        self.listener = listener or self._listen(host, port)
        name = self.listener.getsockname()
        self.host, self.port = name[0], name[1]
        self.address = f"tcp://[{self.host}]:{self.port}" if ":" in self.host else f"tcp://{self.host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def _listen(host, port):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(50)
        return listener

    def at(self, host):
        """Returns the address of this terminal under another name of the host."""
        return f"tcp://{host}:{self.port}"

    def stop(self):
        """Closes the port. What was accepted goes on."""
        listener, self.listener = self.listener, None
        # Wakes the thread that is in accept, which would keep the port open.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    def charge(self, request, minor=None, authorisation=None):
        with self.lock:
            authorisation = authorisation or f"{next(self.authorisations):06}"
            minor = int(request["CB"]) if minor is None else minor
            operation = FINANCIAL[request["CD"]]
            self.charges.append(Charge(self, minor, operation, authorisation, time.monotonic()))
            self.last = request, authorisation, minor
        return authorisation

    def wait_for_request(self, seconds=15):
        """Waits for the next financial request. Returns whether one arrived since the last call."""
        arrived = self.arrived.wait(seconds)
        self.arrived.clear()
        return arrived

    def _accept(self):
        listener = self.listener
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self.lock:
            self.connections += 1
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            with connection:
                if self.before:
                    self.before(self, connection)
                if data := self._read(connection):
                    self._answer(connection, decode(data))
        except OSError:
            pass
        finally:
            with self.lock:
                self.open -= 1

    @staticmethod
    def _read(connection):
        """A request arrives in one piece; where a fault cuts it, the rest follows at once or never."""
        connection.settimeout(120)
        data = connection.recv(4096)
        while data and "CE" not in decode(data) and select.select([connection], [], [], 0.2)[0]:
            if not (more := connection.recv(4096)):
                break
            data += more
        return data

    def _answer(self, connection, request):
        if request.get("CD") not in FINANCIAL or "CB" not in request:
            self.others.append(request)
            (self.duplicata if request.get("CD") == "3" else self.probe)(Exchange(self, connection, request))
            return
        with self.lock:
            script = self.scripts[min(len(self.requests), len(self.scripts) - 1)]
            self.requests.append(request)
        self.arrived.set()
        script(Exchange(self, connection, request))
