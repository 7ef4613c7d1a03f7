"""K4. Nothing of a finished attempt can still arrive."""

import errno
import signal
import time

from network import Cable
from suite import case
from terminal import Terminal, approve, approve_after, refuse, silent
from wire import offset_after

REAL = ("--confirm-real-payment", "--exclusive")
# The send waits, so that the network goes away between the connection and the request.
SLOW_SEND = "call=send,nth=1,sleep=1500"
# For some 3 s the system keeps a packet for a neighbour whom it looks for, whatever becomes of the connection: no program can
# take that one back. The cable stays away for longer.
FORGOTTEN = 4
# By then the system has tried again: 0.2, 0.6, 1.4, 3.0, 6.2 and 12.6 s after the first attempt.
RETRIED = 10


def network_goes(attack, end, timeout=3, id="sale"):
    """The cable is pulled just before the send. `end` brings the payment to its end; then the cable is back."""
    cable = Cable()
    terminal = Terminal(approve, listener=cable.listener())
    run = attack.start_pay("25.00", terminal, id, *REAL, "--timeout", str(timeout), env=attack.faults(SLOW_SEND))
    attack.expect(run.wait_for("recorded"), f"no record: {run.summary()}")
    cable.pull()
    attack.expect(run.wait_for("sent"), f"nothing was sent: {run.summary()}")
    end(run, cable)
    attack.finish(run, 30)
    return cable, terminal, run


def nothing_arrives(attack, cable, terminal):
    time.sleep(FORGOTTEN)
    cable.plug()
    time.sleep(RETRIED)
    attack.expect(
        not terminal.requests, f"the request arrived after the attempt was over, and was charged {len(terminal.charges)} times"
    )


@case("K4", network=True, limit=60)
def the_network_goes_before_the_send(attack):
    """The network goes before the send, and the payment ends unknown: the request does not arrive later."""
    cable, terminal, run = network_goes(attack, lambda run, cable: None)
    attack.must(run, "unknown", "the payment")
    nothing_arrives(attack, cable, terminal)


@case("K4", network=True, limit=60)
def a_person_decides_before_the_network_is_back(attack):
    """A person decides "not paid" and takes the sale again: the first request does not arrive as well."""
    cable, terminal, run = network_goes(attack, lambda run, cable: None)
    attack.must(run, "unknown", "the payment")
    attack.resolve("sale", "--not-paid")
    nothing_arrives(attack, cable, terminal)
    attack.pay("25.00", terminal, "sale-again", *REAL, "--timeout", "5")
    attack.expect(attack.charged(terminal) <= 1, "the customer is charged twice: by the late request and by the second sale")


@case("K4", network=True, limit=60)
def the_till_is_killed_while_the_network_is_away(attack):
    """The till is killed with the request in the system's queue: the request does not arrive later."""
    cable, terminal, _ = network_goes(attack, lambda run, cable: run.signal(signal.SIGKILL), timeout=30)
    nothing_arrives(attack, cable, terminal)
    attack.expect(attack.entry("sale").get("state") == "unresolved", "the start is not recorded")


@case("K4", network=True, limit=60)
def the_till_gives_up_while_the_network_is_away(attack):
    """Two signals end the payment with the request in the system's queue: the request does not arrive later."""
    cable, terminal, run = network_goes(
        attack, lambda run, cable: run.signal(signal.SIGINT, signal.SIGINT, pause=0.3), timeout=30
    )
    attack.must(run, "unknown", "the payment")
    nothing_arrives(attack, cable, terminal)


@case("K4", network=True, limit=60)
def the_till_crashes_while_the_network_is_away(attack):
    """The till dies of SIGABRT with the request in the system's queue: the request does not arrive later."""

    def crash(run, cable):
        run.killed = True
        run.signal(signal.SIGABRT)

    cable, terminal, _ = network_goes(attack, crash, timeout=30)
    nothing_arrives(attack, cable, terminal)


@case("K4", network=True, limit=60)
def the_network_is_back_in_time(attack):
    """Neighbour: the network is away for a second within the time: approved, and charged once."""

    def back(run, cable):
        time.sleep(1)
        cable.plug()

    _, terminal, run = network_goes(attack, back, timeout=20)
    attack.must(run, "approved", "the payment")
    attack.expect(attack.charged(terminal) == 1, f"charged {attack.charged(terminal)} times")


@case("K4", network=True, limit=60)
def the_network_is_away_before_the_connection(attack):
    """Neighbour: without a network nothing is connected: not sent, nothing arrives later, and the same id then pays."""
    cable = Cable()
    terminal = Terminal(approve, listener=cable.listener())
    cable.pull()
    run = attack.pay("25.00", terminal, "sale", *REAL, "--timeout", "3", seconds=40)
    attack.must(run, "not_sent", "the payment")
    cable.plug()
    time.sleep(4)
    attack.expect(not terminal.requests, "a request arrived after the attempt was over")
    again = attack.pay("25.00", terminal, "sale", *REAL, "--timeout", "5")
    attack.must(again, "approved", "the same id with the network")
    attack.expect(attack.charged(terminal) == 1, "charged more than once")


def closing(attack, script, outcome, signals=(), timeout=2):
    """Returns how the terminal sees the connection end: "in order", "reset" or "open"."""
    seen = []

    def watch(exchange):
        script(exchange)
        seen.append(exchange.wait_for_close(20)[0])

    terminal = Terminal(watch)
    run = attack.start_pay("25.00", terminal, "sale", "--timeout", str(timeout))
    if signals:
        attack.expect(terminal.wait_for_request(), "no request arrived")
        time.sleep(0.2)
        run.signal(*signals, pause=0.2)
    attack.finish(run)
    if outcome:
        attack.must(run, outcome, "the payment")
    until = time.monotonic() + 3
    while not seen and time.monotonic() < until:
        time.sleep(0.02)
    return (seen or ["open"])[0]


@case("K4", limit=60)
def a_whole_answer_is_closed_in_order(attack):
    """Neighbour: after a whole approval or refusal the connection is closed in order."""
    for script, outcome in (
        (lambda exchange: exchange.approve(), "approved"),
        (lambda exchange: exchange.send(exchange.refusal()), "declined"),
    ):
        attack.journal = attack.folder / f"{outcome}.db"
        how = closing(attack, script, outcome)
        attack.expect(how == "in order", f"after {outcome} the terminal sees: {how}")


@case("K4", limit=60)
def silence_is_aborted(attack):
    """After silence the connection is aborted: the terminal sees a reset."""
    how = closing(attack, lambda exchange: None, "unknown")
    attack.expect(how == "reset", f"the terminal sees: {how}")


@case("K4", limit=60)
def half_an_answer_is_aborted(attack):
    """After half an answer the connection is aborted: the terminal sees a reset."""

    def script(exchange):
        answer = exchange.approval(exchange.charge())
        exchange.send(answer[: offset_after(answer, 3) + 2])

    how = closing(attack, script, "unknown")
    attack.expect(how == "reset", f"the terminal sees: {how}")


@case("K4", limit=60)
def a_killed_till_aborts(attack):
    """A till that is killed while it waits leaves a reset."""
    how = closing(attack, lambda exchange: None, None, (signal.SIGKILL,), timeout=30)
    attack.expect(how == "reset", f"the terminal sees: {how}")


@case("K4", limit=60)
def a_till_that_gives_up_aborts(attack):
    """A till that is given up with two signals leaves a reset."""
    how = closing(attack, lambda exchange: None, "unknown", (signal.SIGTERM, signal.SIGTERM), timeout=30)
    attack.expect(how == "reset", f"the terminal sees: {how}")


@case("K4", limit=60)
def the_abort_cannot_be_arranged(attack):
    """A connection whose abort cannot be arranged (SO_LINGER fails) carries no request: not sent."""
    terminal = Terminal()
    run = attack.pay(
        "25.00", terminal, "sale", "--timeout", "4", env=attack.faults(f"call=linger,nth=1,errno={errno.ENOPROTOOPT}")
    )
    attack.must(run, "not_sent", "the payment")
    attack.expect(not terminal.requests, "a request was sent on a connection that cannot be aborted")


@case("K4", limit=60)
def a_hung_terminal_reads_later(attack):
    """A hung terminal reads its queue after the time-out and charges: nothing says "not paid", and nothing is sent again."""
    terminal = Terminal(approve, before=lambda terminal, connection: time.sleep(3))
    run = attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--exclusive", "--timeout", "1")
    attack.must(run, "unknown", "the payment")
    attack.expect(run.last.get("proof") != "nothing_sent", "the outcome says that nothing was sent")
    terminal.before = None
    # At once: the terminal is still hung and has charged nothing yet.
    attack.recover("--terminal", terminal.address, "--exclusive")
    attack.expect(
        attack.entry("sale").get("outcome") == "unknown", f"decided before the time: {attack.entry('sale').get('outcome')}"
    )
    time.sleep(4)
    again = attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--exclusive", "--timeout", "2")
    attack.promise(terminal, [run], again=again)


@case("K4", limit=60)
def an_abort_counts_from_its_own_time(attack):
    """A connection that is given up late: "not paid" is not said before the longest time after it has passed."""
    terminal = Terminal(silent)
    run = attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--exclusive", "--timeout", "2")
    attack.must(run, "unknown", "the payment")
    found = attack.recover("--terminal", terminal.address, "--exclusive")
    attack.expect(attack.entry("sale").get("outcome") == "unknown", '"not paid" at once')
    attack.expect("too_soon" in found.out or found.code == 3, f"recover: {found.summary()}")


@case("K4", limit=60)
def a_refusal_then_the_next_sale(attack):
    """Neighbour: a refused sale holds nothing back; the next one is charged once."""
    terminal = Terminal(refuse, approve)
    attack.must(attack.pay("25.00", terminal, "sale"), "declined", "the refused sale")
    attack.must(attack.pay("25.00", terminal, "next"), "approved", "the next sale")
    attack.expect(attack.charged(terminal) == 1, "charged more than once")


def network_goes_after_the_request(attack, seconds, timeout):
    """The cable is pulled when the request has arrived, and is back after so many seconds. The terminal approves meanwhile."""
    cable = Cable()
    terminal = Terminal(approve_after(0.5), listener=cable.listener())
    options = (*REAL, "--dialect", "nepting", "--timeout", str(timeout))
    run = attack.start_pay("25.00", terminal, "sale", *options)
    attack.expect(terminal.wait_for_request(), "no request arrived")
    cable.pull()
    time.sleep(seconds)
    cable.plug()
    return terminal, attack.finish(run, 40), options


@case("K4", network=True, limit=60)
def the_answer_waits_in_the_network(attack):
    """Neighbour: the network goes before the answer and is back in time: the answer comes, approved."""
    terminal, run, _ = network_goes_after_the_request(attack, 3, 30)
    attack.must(run, "approved", "the payment")
    attack.expect(attack.charged(terminal) == 1, f"charged {attack.charged(terminal)} times")


@case("K4", network=True, limit=60)
def the_answer_is_lost_in_the_network(attack):
    """The network goes before the answer and is back too late: unknown, then proven by the terminal; charged once."""
    terminal, run, options = network_goes_after_the_request(attack, 6, 3)
    attack.must(run, "unknown", "the payment")
    again = attack.pay("25.00", terminal, "sale", *options)
    attack.promise(terminal, [run], again=again)
    attack.expect(len(terminal.requests) == 1, "sent again")
