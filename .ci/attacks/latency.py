"""Latency. The verdict comes with the deciding byte, and costs no safety: what contradicts it soon after is a dispute."""

import statistics
import time

from suite import case
from terminal import Terminal, approve
from wire import encode, framed, offset_after

# Generous for a machine that is busy: the promise is 1 ms.
AT_ONCE = 0.15
# How long the terminal's lock is held after a complete answer, and after a refusal without an echo.
BEHIND_ANSWER, BEHIND_REFUSAL = 0.3, 3.0
SHORT_REFUSAL = encode(("CZ", "0300"), ("AE", "01"), ("AF", "04"))


def kept_open(make, *later):
    """Answers and keeps the connection open. `later`: pairs of seconds after the answer and bytes."""

    def script(exchange):
        exchange.send(make(exchange))
        at = time.monotonic()
        for seconds, data in later:
            time.sleep(max(at + seconds - time.monotonic(), 0))
            exchange.connection.sendall(data(exchange) if callable(data) else data)
        exchange.wait_for_close(10)

    return script


def approval(exchange):
    return exchange.approval(exchange.charge())


def refusal(exchange):
    return exchange.refusal()


def short_refusal(_):
    return SHORT_REFUSAL


def times(attack, make, outcome, *options, runs=5):
    """The median of the times from the deciding byte to the outcome line."""
    waits = []
    for number in range(runs):
        terminal = Terminal(kept_open(make))
        run = attack.pay(
            "25.00", terminal, "sale", "--timeout", "10", *options, journal=attack.folder / f"{time.monotonic_ns()}.db"
        )
        attack.must(run, outcome, "the payment")
        if run.outcomes() and terminal.sent_at:
            waits.append(run.outcomes()[0]["arrived"] - terminal.sent_at)
    wait = statistics.median(waits or [60])
    attack.expect(wait < AT_ONCE, f"the outcome line comes {wait * 1000:.0f} ms after the deciding byte")


@case("latency", alone=True, limit=60)
def an_approval_is_told_at_once(attack):
    """An approval on a connection that stays open is told at once."""
    times(attack, approval, "approved")


@case("latency", alone=True, limit=60)
def a_refusal_is_told_at_once(attack):
    """A refusal with its echo, on a connection that stays open, is told at once."""
    times(attack, refusal, "declined")


@case("latency", alone=True, limit=60)
def a_refusal_without_an_echo_is_told_at_once(attack):
    """A refusal without an echo, on a connection that stays open, is told at once."""
    times(attack, short_refusal, "declined", runs=3)


@case("latency", alone=True, limit=60)
def a_frame_is_told_at_once(attack):
    """An approval in a frame, on a connection that stays open, is told at once."""
    times(attack, lambda exchange: framed(approval(exchange)), "approved", "--dialect", "nepting", runs=3)


@case("latency", alone=True, limit=60)
def a_close_is_told_at_once(attack):
    """Neighbour: where the terminal closes after its answer, the outcome and the end of the command come at once."""
    ends = []
    for _ in range(3):
        terminal = Terminal(lambda exchange: exchange.send(approval(exchange)))
        run = attack.pay("25.00", terminal, "sale", journal=attack.folder / f"{time.monotonic_ns()}.db")
        attack.must(run, "approved", "the payment")
        ends.append((run.ended_at or time.monotonic()) - terminal.sent_at)
    attack.expect(
        statistics.median(ends) < AT_ONCE + 0.1, f"the command ends {statistics.median(ends) * 1000:.0f} ms after the close"
    )


def next_sale(attack, make, behind, expected):
    """A second sale begins with the outcome line of the first. Returns how long after the answer its request arrived."""
    arrivals = []

    def second(exchange):
        arrivals.append(time.monotonic())
        approve(exchange)

    terminal = Terminal(kept_open(make), second)
    first = attack.start_pay("25.00", terminal, "sale", "--timeout", "10")
    attack.expect(first.wait_for("outcome"), "no outcome line")
    answered = terminal.sent_at
    run = attack.pay("12.00", terminal, "next", "--timeout", "10")
    attack.must(attack.finish(first), expected, "the first payment")
    attack.must(run, ("approved", "blocked"), "the second payment")
    if run.outcome == "blocked":
        attack.expect(not arrivals, "blocked, and its request arrived")
    else:
        attack.expect(
            arrivals[0] - answered > behind - 0.02,
            f"the next request arrived {(arrivals[0] - answered) * 1000:.0f} ms after the answer",
        )
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")
    attack.must(attack.pay("13.00", terminal, "later", "--timeout", "10"), "approved", "a sale afterwards")


@case("latency", limit=60)
def the_next_sale_after_an_approval(attack):
    """The next request is sent no earlier than 0.3 s after a complete approval on an open connection."""
    next_sale(attack, approval, BEHIND_ANSWER, "approved")


@case("latency", limit=60)
def the_next_sale_after_a_short_refusal(attack):
    """The next request is sent no earlier than 3 s after a refusal without an echo on an open connection."""
    next_sale(attack, short_refusal, BEHIND_REFUSAL, "declined")


def contradicted(attack, make, seconds, data, name):
    """Something contradicts the answer soon after it: never a settled verdict, and the terminal is blocked."""
    attack.journal = attack.folder / f"{time.monotonic_ns()}.db"
    terminal = Terminal(kept_open(make, (seconds, data)), approve)
    run = attack.pay("25.00", terminal, "sale", "--timeout", "10")
    entry = attack.entry("sale")
    attack.expect(
        entry.get("state") in ("disputed", "unresolved"), f"{name}: the sale is {entry.get('state')}, {entry.get('outcome')}"
    )
    attack.expect(run.last.get("disputed") or run.outcome == "unknown", f"{name}: the last line says {run.summary()}, undisputed")
    held = attack.pay("12.00", terminal, "next", "--timeout", "10")
    attack.must(held, "blocked", f"{name}: the next sale")
    again = attack.pay("25.00", terminal, "sale", "--timeout", "10")
    attack.expect(attack.charged(terminal) <= 1, f"{name}: charged twice")
    attack.expect(again.outcome != "declined" or not attack.charged(terminal), f"{name}: declined, and charged")
    settled = attack.resolve("sale", "--paid")
    attack.expect(settled.code == 0, f"{name}: a person cannot settle it: {settled.summary()}")
    attack.must(attack.pay("12.00", terminal, "free", "--timeout", "10"), "approved", f"{name}: the sale after it was settled")


@case("latency", limit=60)
def a_refusal_behind_an_approval(attack):
    """A refusal 0.05 s after an approval is a contradiction: disputed or unknown, and the terminal is blocked."""
    contradicted(attack, approval, 0.05, refusal, "a refusal behind an approval")


@case("latency", limit=60)
def another_status_behind_an_approval(attack):
    """A second AE with another value 0.05 s after an approval is a contradiction."""
    contradicted(attack, approval, 0.05, encode(("AE", "01"), ("AF", "04")), "a second AE")


@case("latency", limit=60)
def a_taken_flag_behind_an_approval(attack):
    """BA=1 ("taken, not decided") 0.05 s after an approval is a contradiction."""
    contradicted(attack, approval, 0.05, encode(("BA", "1")), "a late BA=1")


@case("latency", limit=60)
def another_echo_behind_an_approval(attack):
    """An echo of another amount, register or currency 0.05 s after an approval is a contradiction."""
    for name, field in (
        ("another amount", ("CB", "9900")),
        ("another register", ("CA", "02")),
        ("another currency", ("CE", "840")),
    ):
        contradicted(attack, approval, 0.05, encode(field), name)


@case("latency", limit=60)
def an_approval_behind_a_refusal(attack):
    """An approval after a refusal without an echo, within its 3 s, is a contradiction."""
    for seconds in (0.3, 2):
        contradicted(attack, short_refusal, seconds, approval, f"an approval {seconds} s behind a refusal")


@case("latency", limit=60)
def another_echo_behind_a_refusal(attack):
    """An echo of another amount 1 s after a refusal without an echo is a contradiction."""
    contradicted(attack, short_refusal, 1, encode(("CB", "9900")), "another amount behind a refusal")


@case("latency", limit=60)
def what_contradicts_nothing(attack):
    """Neighbour: a line end, the same field again or a ticket after the answer contradicts nothing."""
    for name, data in (
        ("a line end", b"\r\n"),
        ("the same status again", encode(("AE", "10"))),
        ("the contract", encode(("CG", "1999403"))),
        ("a field that nobody knows", encode(("XX", "hello"))),
    ):
        attack.journal = attack.folder / f"{time.monotonic_ns()}.db"
        terminal = Terminal(kept_open(approval, (0.05, data)), approve)
        attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "10"), "approved", name)
        attack.expect(attack.entry("sale").get("state") == "final", f"{name}: {attack.entry('sale').get('state')}")
        attack.must(attack.pay("12.00", terminal, "next", "--timeout", "10"), "approved", f"{name}: the next sale")


@case("latency", limit=60)
def the_rest_of_a_refusal(attack):
    """Neighbour: the echo of a refusal that comes after its status contradicts nothing."""
    rest = encode(("CA", "01"), ("CB", "2500"), ("CD", "0"), ("CE", "978"))
    terminal = Terminal(kept_open(short_refusal, (0.5, rest)))
    attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "10"), "declined", "a refusal in two parts")
    attack.expect(attack.entry("sale").get("state") == "final", f"the sale is {attack.entry('sale').get('state')}")


@case("latency", limit=60)
def the_status_is_not_the_end_of_an_approval(attack):
    """An approval whose echo contradicts it, 0.2 s after its status, is never told as approved alone."""

    def script(exchange):
        answer = exchange.approval(exchange.charge(), AE=None)
        at = offset_after(answer, 2)
        exchange.send(answer[:at] + encode(("AE", "10")))
        time.sleep(0.2)
        exchange.send(encode(("CB", "9900"), ("CD", "0"), ("CE", "978")))
        exchange.wait_for_close(5)

    run = attack.pay("25.00", Terminal(script), "sale", "--timeout", "5")
    attack.expect(run.outcome == "unknown" or run.last.get("disputed"), f"an echo of another amount: {run.summary()}")
    attack.expect(run.outcomes() and run.outcomes()[0]["outcome"] != "approved", "told as approved before its echo")
