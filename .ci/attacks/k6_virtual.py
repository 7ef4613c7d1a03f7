"""K6, continued: the virtual terminal out of descriptors."""

import errno
import resource
import socket
import time
import urllib.request

from suite import case

DESCRIPTORS = 40


def virtual_terminal(attack, env=()):
    """A virtual terminal with few descriptors. Returns its run and its "listening" line."""
    words = ("terminal", "--listen", "tcp://127.0.0.1:0", "--control", "127.0.0.1:0", "--json")
    limit = (DESCRIPTORS, DESCRIPTORS)
    terminal = attack.start(*words, env=env, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit))
    ready = terminal.wait_for("listening")
    attack.expect(ready, f"the virtual terminal did not start: {terminal.summary()}")
    return terminal, ready or {}


def rush(address, times=60):
    """Opens idle connections, and closes them."""
    host, port = address.split("//")[1].split(":")
    held = []
    for _ in range(times):
        try:
            held.append(socket.create_connection((host, int(port)), timeout=1))
        except OSError:
            break
    time.sleep(0.5)
    for connection in held:
        connection.close()
    time.sleep(2)


def recovered(attack, terminal, ready):
    """Control answers, a sale is approved, and nothing panicked."""
    try:
        ledger = urllib.request.urlopen(ready["control"] + "/ledger", timeout=5).read()
    except OSError as error:
        ledger = str(error).encode()
    attack.expect(b"movements" in ledger, f"control does not answer after a rush of connections: {ledger[:80]!r}")
    attack.must(attack.pay("25.00", ready["at"], "sale", "--timeout", "5"), "approved", "a sale after the rush")
    attack.expect("panicked" not in terminal.err, f"panicked: {terminal.err[-200:]!r}")
    terminal.killed = True
    terminal.process.kill()


@case("K6", limit=60)
def many_control_connections(attack):
    """Idle connections to control beyond its descriptors do not end it: control and the payment port recover."""
    terminal, ready = virtual_terminal(attack)
    rush(ready["control"])
    recovered(attack, terminal, ready)


@case("K6", limit=60)
def many_payment_connections(attack):
    """Idle connections to the payment port beyond its descriptors do not end it: control and the payment port recover."""
    terminal, ready = virtual_terminal(attack)
    rush(ready["at"])
    recovered(attack, terminal, ready)


@case("K6", limit=60)
def a_few_connections(attack):
    """Neighbour: a few idle connections change nothing."""
    terminal, ready = virtual_terminal(attack)
    rush(ready["control"], 5)
    rush(ready["at"], 5)
    recovered(attack, terminal, ready)


@case("K6", limit=60)
def accept_fails(attack):
    """An `accept` that fails (no descriptors, an aborted connection, no memory) does not end the virtual terminal."""
    for code in (errno.EMFILE, errno.ECONNABORTED, errno.ENOBUFS, errno.EPROTO):
        attack.journal = attack.folder / f"journal-{code}.db"
        terminal, ready = virtual_terminal(
            attack, attack.faults(*(f"call=accept,nth={number},errno={code}" for number in (1, 2, 3)))
        )
        recovered(attack, terminal, ready)
