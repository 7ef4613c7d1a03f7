"""K6, continued: names with several addresses, silent name servers, connections to oneself, terminals that drip."""

import signal
import socket
import threading
import time
from pathlib import Path

from network import THERE, Cable
from suite import case, shell
from terminal import Terminal, approve, approve_after, charge_silently

REAL = ("--confirm-real-payment",)
# Nobody answers there.
DEAD_4, DEAD_6 = "10.9.0.3", "fd00:9::9"


def hosts(attack, *lines):
    path = attack.folder / "hosts"
    path.write_text("\n".join(("127.0.0.1 localhost", *lines)) + "\n")
    shell(f"mount --bind {path} /etc/hosts")


def dead_addresses():
    """Addresses at which packets disappear."""
    shell("ip -6 addr add fd00:9::1/64 dev here nodad")
    shell(f"ip neigh add {DEAD_4} lladdr 02:00:00:00:00:09 dev here nud permanent")
    shell(f"ip -6 neigh add {DEAD_6} lladdr 02:00:00:00:00:09 dev here nud permanent")


def reached_by_name(attack, *addresses):
    cable = Cable()
    dead_addresses()
    hosts(attack, *(f"{address} terminal" for address in addresses))
    order = [found[4][0] for found in socket.getaddrinfo("terminal", 8888, type=socket.SOCK_STREAM)]
    attack.expect(order == list(addresses), f"the system resolves the name in another order: {order}")
    terminal = Terminal(approve_after(0.3), listener=cable.listener())
    run = attack.pay("25.00", "tcp://terminal:8888", "sale", *REAL, "--terminal-id", "counter", seconds=40)
    attack.must(run, "approved", f"a name with the addresses {', '.join(addresses)}")
    attack.expect(run.seconds < 25, f"it took {run.seconds:.0f} s")
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")
    attack.expect(attack.charged(terminal) <= 1, f"charged {attack.charged(terminal)} times")


@case("K6", network=True, limit=60)
def a_name_with_a_dead_ipv6_address(attack):
    """A name with a dead IPv6 and a live IPv4 address is reached within the time."""
    reached_by_name(attack, DEAD_6, THERE)


@case("K6", network=True, limit=60)
def a_name_with_a_dead_ipv4_address(attack):
    """A name with a dead and a live IPv4 address is reached within the time."""
    reached_by_name(attack, DEAD_4, THERE)


@case("K6", network=True, limit=60)
def a_name_with_two_dead_addresses(attack):
    """A name with two dead addresses and a live one is reached within the time."""
    reached_by_name(attack, DEAD_6, DEAD_4, THERE)


@case("K6", network=True, limit=60)
def a_name_with_a_refusing_address(attack):
    """Neighbour: a name whose first address refuses is reached at the second."""
    hosts(attack, "127.0.0.7 terminal", "127.0.0.8 terminal")
    terminal = Terminal(host="127.0.0.8")
    attack.must(attack.pay("25.00", terminal.at("terminal"), "sale"), "approved", "the payment")
    attack.expect(terminal.connections == 1, f"{terminal.connections} connections")


@case("K6", network=True, limit=60)
def two_live_addresses_are_not_tried_at_once(attack):
    """A name with two live addresses: one connection at a time, and one charge."""
    hosts(attack, "127.0.0.7 terminal", "127.0.0.8 terminal")
    first = Terminal(approve_after(0.5), host="127.0.0.7")
    second = Terminal(approve_after(0.5), host="127.0.0.8", port=first.port)
    run = attack.pay("25.00", first.at("terminal"), "sale")
    attack.must(run, "approved", "the payment")
    attack.expect(first.connections + second.connections == 1, f"{first.connections} and {second.connections} connections")
    attack.promise([first, second], [run], again=attack.pay("25.00", first.at("terminal"), "sale"))


def silent_name_server(attack):
    """A name server that receives questions and never answers. Returns the list of questions."""
    path = attack.folder / "resolv.conf"
    path.write_text("nameserver 127.0.0.1\n")
    target = Path("/etc/resolv.conf").resolve()
    shell(f"mount --bind {path} {target}")
    questions = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def listen():
        while True:
            questions.append(server.recv(512))

    threading.Thread(target=listen, daemon=True).start()
    return questions


@case("K6", network=True, limit=60)
def a_silent_name_server(attack):
    """A silent name server costs no more than the limit for connecting, and the wait is announced."""
    questions = silent_name_server(attack)
    run = attack.start_pay("25.00", "tcp://terminal.shop.example:8888", "sale", *REAL)
    attack.expect(run.wait_for("connecting", 3), "3 s without a word")
    attack.finish(run, 40)
    attack.must(run, "not_sent", "the payment")
    attack.expect(run.seconds < 15, f"it took {run.seconds:.1f} s")
    attack.expect(questions, "the name server was not asked")


@case("K6", network=True, limit=60)
def a_signal_while_a_name_is_resolved(attack):
    """One signal ends the resolution of a name: not sent, at once."""
    silent_name_server(attack)
    run = attack.start_pay("25.00", "tcp://terminal.shop.example:8888", "sale", *REAL)
    time.sleep(2)
    signalled = time.monotonic()
    run.signal(signal.SIGINT)
    attack.finish(run, 40)
    attack.must(run, "not_sent", "the payment")
    attack.expect(run.ended_at - signalled < 2, f"it took {run.ended_at - signalled:.1f} s")


@case("K6", network=True, limit=60)
def a_signal_while_connecting(attack):
    """One signal ends the attempt to connect: not sent, at once, and the same id then pays."""
    Cable()
    dead_addresses()
    run = attack.start_pay("25.00", f"tcp://{DEAD_4}:8888", "sale", *REAL)
    time.sleep(1)
    signalled = time.monotonic()
    run.signal(signal.SIGTERM)
    attack.finish(run, 40)
    attack.must(run, "not_sent", "the payment")
    attack.expect(run.ended_at - signalled < 2, f"it took {run.ended_at - signalled:.1f} s")


@case("K6", network=True, limit=60)
def a_host_that_is_dead(attack):
    """Neighbour: a host that does not answer: not sent within the limit for connecting."""
    Cable()
    dead_addresses()
    run = attack.pay("25.00", f"tcp://{DEAD_4}:8888", "sale", *REAL, seconds=40)
    attack.must(run, "not_sent", "the payment")
    attack.expect(run.seconds < 25, f"it took {run.seconds:.1f} s")


def own_ports(first, last):
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(f"{first} {last}\n")


@case("K6", network=True, limit=60)
def a_connection_to_oneself(attack):
    """Nobody listens, and TCP connects the till to itself: not sent, and nothing is left open."""
    own_ports(8888, 8889)
    for number in range(4):
        run = attack.pay("25.00", "tcp://127.0.0.1:8888", f"sale-{number}", "--timeout", "3")
        attack.must(run, "not_sent", "a payment where nobody listens")
    for id, entry in (attack.entries() or {}).items():
        attack.expect(entry["state"] != "unresolved", f"{id} is left unresolved")


@case("K6", network=True, limit=60)
def a_connection_to_oneself_by_ipv6(attack):
    """The same by IPv6, and of `ping`: nobody is there."""
    own_ports(8888, 8889)
    run = attack.pay("25.00", "tcp://[::1]:8888", "sale", "--timeout", "3")
    attack.must(run, "not_sent", "a payment where nobody listens")
    for _ in range(3):
        ping = attack.run("ping", "tcp://127.0.0.1:8888", "--json")
        attack.expect(ping.code == 1 and not ping.last.get("connected"), f"ping: {ping.out[:200]}")


@case("K6", network=True, limit=60)
def a_terminal_in_the_range_of_own_ports(attack):
    """Neighbour: a terminal on a port of that range that listens is paid at."""
    own_ports(8888, 8899)
    attack.must(attack.pay("25.00", Terminal(port=8888), "sale"), "approved", "the payment")


FASTER = 20


def drip(virtual_seconds):
    """Sends one field without end, byte by byte, with this pause (in the till's time) between two bytes."""

    def script(exchange):
        exchange.send(b"CZ0040300")
        until = time.monotonic() + 50
        while time.monotonic() < until:
            for byte in b"ZT999" + b"x" * 999:
                exchange.send(bytes([byte]))
                time.sleep(virtual_seconds / FASTER)

    return script


@case("K6", limit=60)
def a_terminal_drips_its_answer(attack):
    """A terminal that drips the answer to a payment: unknown at the deadline."""
    for number, pause in enumerate((5, 1)):
        journal = attack.folder / f"journal-{number}.db"
        run = attack.pay(
            "25.00", Terminal(drip(pause)), "sale", "--timeout", "60", journal=journal, env=attack.faster(FASTER), seconds=30
        )
        attack.must(run, "unknown", "a dripping terminal")
        attack.expect(run.seconds < 8, f"held for {run.seconds * FASTER:.0f} s, with 60 s allowed")


@case("K6", limit=90)
def a_terminal_drips_to_recovery(attack):
    """A terminal that drips its answer to a duplicata holds neither the next payment nor `recover` nor `reprint`."""
    for number, pause in enumerate((5, 1)):
        journal = attack.folder / f"journal-{number}.db"
        terminal = Terminal(charge_silently, duplicata=drip(pause))
        run = attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--timeout", "1", journal=journal)
        attack.must(run, "unknown", "a sale without an answer")
        for words in (
            ("pay", "7.00", "--terminal", terminal.address, "--journal", journal, "--dialect", "nepting", "--timeout", "60"),
            ("journal", journal, "recover", "--terminal", terminal.address),
            ("reprint", terminal.address),
        ):
            attack.run(*words, "--json", env=attack.faster(FASTER), seconds=20)


@case("K6", limit=90)
def a_terminal_drips_to_probes(attack):
    """A terminal that drips its answer to a probe holds neither `ping` nor `doctor`."""
    for pause in (5, 1):
        terminal = Terminal(probe=drip(pause))
        for words in (("ping", terminal.address), ("doctor", terminal.address)):
            attack.run(*words, "--json", env=attack.faster(FASTER), seconds=20)


@case("K6", limit=60)
def a_terminal_drips_before_the_request(attack):
    """A terminal that sends bytes before it is asked holds nothing: an outcome within the time."""

    def greet(terminal, connection):
        for _ in range(3):
            connection.sendall(b"\x00")
            time.sleep(0.05)

    terminal = Terminal(approve, before=greet)
    run = attack.pay("25.00", terminal, "sale", "--timeout", "5", seconds=30)
    attack.promise(terminal, [run])
    attack.expect(run.outcome in ("approved", "unknown", "not_sent"), f"bytes before the request: {run.summary()}")
