"""K5. An answer that is there is read and kept."""

import json
import signal
import sqlite3
import threading
import time

from suite import case
from terminal import Terminal, approve, approve_after, refuse_after, silent
from wire import encode, framed, offset_after


def stopped_over_the_deadline(attack, script, outcome):
    """The process is stopped from soon after the request until after its deadline of 3 s. The answer comes meanwhile."""
    terminals, runs = [], []
    for number in range(4):
        terminal = Terminal(script)
        run = attack.start_pay("25.00", terminal, "sale", "--timeout", "3", journal=attack.folder / f"journal-{number}.db")
        attack.expect(terminal.wait_for_request(), "no request arrived")
        time.sleep(0.1 + 0.05 * number)
        run.signal(signal.SIGSTOP)
        terminals.append(terminal)
        runs.append(run)
    time.sleep(4)
    for terminal, run in zip(terminals, runs):
        run.signal(signal.SIGCONT)
        attack.finish(run)
        attack.must(run, outcome, "a payment that was stopped over its deadline")
        attack.promise(terminal, [run])


@case("K5", limit=60)
def stopped_with_an_approval_in_hand(attack):
    """The process is stopped over the deadline, with the approval in its socket: approved."""
    stopped_over_the_deadline(attack, approve_after(1), "approved")


@case("K5", limit=60)
def stopped_with_a_refusal_in_hand(attack):
    """The process is stopped over the deadline, with the refusal in its socket: declined."""
    stopped_over_the_deadline(attack, refuse_after(1), "declined")


@case("K5", limit=60)
def stopped_and_the_terminal_closed(attack):
    """The terminal answers and closes while the process is stopped: approved."""

    def script(exchange):
        time.sleep(1)
        exchange.approve()

    stopped_over_the_deadline(attack, script, "approved")


@case("K5", limit=60)
def stopped_and_the_terminal_reset(attack):
    """The terminal answers and resets the connection while the process is stopped: approved."""

    def script(exchange):
        time.sleep(1)
        exchange.approve()
        time.sleep(0.2)
        exchange.reset()

    stopped_over_the_deadline(attack, script, "approved")


@case("K5", limit=60)
def stopped_without_an_answer(attack):
    """Neighbour: stopped over the deadline, and no answer came: unknown."""
    stopped_over_the_deadline(attack, silent, "unknown")


@case("K5", limit=60)
def slow_to_be_scheduled(attack):
    """A receive call that returns late, after the deadline, still counts: approved."""
    for rule in ("call=poll,from=2,sleep=2500", "call=recv,nth=1,sleep=2500", "call=recv,nth=2,sleep=2500"):
        journal = attack.folder / f"{time.monotonic_ns()}.db"
        terminal = Terminal(approve_after(0.5))
        run = attack.pay("25.00", terminal, "sale", "--timeout", "2", journal=journal, env=attack.faults(rule), seconds=40)
        attack.must(run, "approved", f"a payment with slow calls ({rule})")


def two_signals(attack, script, after, signals, *options):
    answered = threading.Event()

    def watched(exchange):
        script(exchange)
        answered.set()
        exchange.wait_for_close()

    terminal = Terminal(watched)
    journal = attack.folder / f"{time.monotonic_ns()}.db"
    run = attack.start_pay("25.00", terminal, "sale", *options, journal=journal)
    attack.expect(answered.wait(15), "no request arrived")
    time.sleep(after)
    if run.code is None:
        run.signal(*signals, pause=0.06)
    attack.finish(run)
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", journal=journal))
    return run


@case("K5", limit=60)
def two_signals_with_an_approval_in_hand(attack):
    """Two signals while the till listens for more than the approval that it has: approved."""
    for after in (0.02, 0.1, 0.2):
        run = two_signals(attack, lambda exchange: exchange.approve(), after, (signal.SIGINT, signal.SIGINT))
        attack.must(run, "approved", f"two signals {after} s after the answer")


@case("K5", limit=60)
def two_terminations_with_an_approval_in_hand(attack):
    """SIGTERM twice at the moment of the answer: approved."""
    for after in (0, 0.05):
        run = two_signals(attack, lambda exchange: exchange.approve(), after, (signal.SIGTERM, signal.SIGTERM))
        attack.must(run, "approved", f"two signals {after} s after the answer")


@case("K5", limit=60)
def two_signals_with_a_refusal_in_hand(attack):
    """Two signals while the till listens for more than the refusal that it has: declined."""
    for after in (0.1, 1):
        short = encode(("CZ", "0300"), ("AE", "01"), ("AF", "04"))
        run = two_signals(attack, lambda exchange: exchange.send(short), after, (signal.SIGINT, signal.SIGINT))
        attack.must(run, "declined", f"two signals {after} s after the refusal")


@case("K5", limit=60)
def two_signals_before_an_answer(attack):
    """Neighbour: two signals before an answer: unknown, and not charged again."""
    run = two_signals(attack, lambda exchange: exchange.charge(), 0.2, (signal.SIGINT, signal.SIGINT))
    attack.must(run, "unknown", "two signals before an answer")


@case("K5", limit=60)
def one_signal_before_an_answer(attack):
    """Neighbour: one signal is a wish: the wait goes on, and the approval counts."""
    terminal = Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    run.signal(signal.SIGINT)
    attack.must(attack.finish(run), "approved", "one signal")


def in_parts(fields, inside, pause):
    """Approves in two parts, cut after so many fields (and two bytes, where `inside`), with a pause between them."""

    def script(exchange):
        answer = exchange.approval(exchange.charge())
        at = offset_after(answer, fields) + 2 * inside
        exchange.send(answer[:at])
        time.sleep(pause)
        exchange.send(answer[at:])
        exchange.wait_for_close(5)

    return script


def parts_arrive(attack, pause, cuts):
    terminals = [Terminal(in_parts(fields, inside, pause)) for fields, inside in cuts]
    runs = [
        attack.start_pay("25.00", terminal, "sale", "--timeout", "20", journal=attack.folder / f"journal-{number}.db")
        for number, terminal in enumerate(terminals)
    ]
    for terminal, run, cut in zip(terminals, runs, cuts):
        attack.finish(run)
        attack.must(run, "approved", f"an answer cut after field {cut[0]}{' and two bytes' * cut[1]}, the rest {pause} s later")
        attack.promise(terminal, [run])


@case("K5", limit=60)
def the_second_half_is_four_seconds_late(attack):
    """The second part of an approval comes 4 s after the first, cut between and inside fields: approved."""
    parts_arrive(attack, 4, ((1, False), (4, False), (6, False), (4, True)))


@case("K5", limit=60)
def the_second_half_is_seven_seconds_late(attack):
    """The second part of an approval comes 7 s after the first, as a lost segment does: approved."""
    parts_arrive(attack, 7, ((1, False), (2, False), (5, False), (5, True)))


@case("K5", limit=60)
def the_second_half_is_soon_there(attack):
    """Neighbour: the second part of an approval comes a moment after the first: approved."""
    parts_arrive(attack, 0.15, ((1, False), (4, False), (6, False), (4, True), (8, False)))


@case("K5", limit=60)
def the_second_half_never_comes(attack):
    """Neighbour: an answer without its deciding field is unknown at the deadline, and not long after it."""

    def script(exchange):
        answer = exchange.approval(exchange.charge())
        exchange.send(answer[: offset_after(answer, 4)])
        exchange.wait_for_close(20)

    run = attack.pay("25.00", Terminal(script), "sale", "--timeout", "5")
    attack.must(run, "unknown", "half an answer")
    attack.expect(run.seconds < 9, f"the deadline of 5 s ended after {run.seconds:.1f} s")


@case("K5", limit=60)
def one_byte_at_a_time(attack):
    """Neighbour: an approval byte by byte, slowly: approved."""

    def script(exchange):
        for byte in exchange.approval(exchange.charge()):
            exchange.send(bytes([byte]))
            time.sleep(0.02)
        exchange.wait_for_close(5)

    attack.must(attack.pay("25.00", Terminal(script), "sale", "--timeout", "20"), "approved", "byte by byte")


def held_by_another_program(attack, seconds, signals=()):
    """Another program locks the journal from the request until so many seconds after it."""
    terminal = Terminal(approve_after(0.3))
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")
    run = attack.start_pay("25.00", terminal, "sale", "--timeout", "60")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    holder = sqlite3.connect(attack.journal, isolation_level=None, timeout=5)
    holder.execute("BEGIN IMMEDIATE")
    if signals:
        time.sleep(7)
        run.signal(*signals, pause=0.3)
    else:
        time.sleep(seconds)
    if signals:
        ended = run.wait(8)
        attack.expect(ended, "two signals do not end the wait for the journal")
    holder.execute("ROLLBACK")
    holder.close()
    attack.finish(run)
    return terminal, run


@case("K5", limit=60)
def the_journal_is_held_at_the_end(attack):
    """Another program holds the journal for 8 s at the end: approved, and journaled."""
    terminal, run = held_by_another_program(attack, 8)
    attack.must(run, "approved", "the payment")
    attack.expect(run.last.get("journaled") is True, "not journaled, although the journal was only busy")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale"))


@case("K5", limit=90)
def the_journal_is_held_for_half_a_minute(attack):
    """Another program holds the journal for 25 s at the end: approved, and journaled."""
    terminal, run = held_by_another_program(attack, 25)
    attack.must(run, "approved", "the payment")
    attack.expect(run.last.get("journaled") is True, "not journaled, although the journal was only busy")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale"))


@case("K5", limit=60)
def given_up_while_the_journal_is_held(attack):
    """Two signals end the wait for a held journal: the verdict is approved, with `journaled: false`."""
    terminal, run = held_by_another_program(attack, 0, (signal.SIGINT, signal.SIGINT))
    attack.must(run, "approved", "the payment")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale"))


@case("K5", limit=60)
def the_disk_fails_at_the_end(attack):
    """The disk fails after the request: approved, `journaled: false`, no second try, and the id is not charged again."""
    for number, rule in enumerate(
        (
            "call=fsync,after=send,path=journal,nth=1,errno=5",
            "call=pwrite,after=send,path=journal,nth=1,errno=28",
            "call=pwrite,after=send,path=journal,errno=28",
            "call=fsync,after=send,path=journal,errno=5",
        )
    ):
        journal = attack.folder / f"journal-{number}.db"
        terminal = Terminal(approve_after(0.2))
        attack.must(attack.pay("9.00", Terminal(), "before", journal=journal), "approved", "the first sale of the journal")
        run = attack.pay("25.00", terminal, "sale", journal=journal, env=attack.faults(rule))
        attack.must(run, "approved", f"the payment, {rule}")
        # One failure may meet what no payment waits for.
        allowed = (True, False) if "nth=" in rule else (False,)
        attack.expect(run.last.get("journaled") in allowed, f"{rule}: reported as journaled")
        attack.expect(run.seconds < 20, f"{rule}: tried again for {run.seconds:.0f} s")
        attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3", journal=journal))


@case("K5", limit=60)
def the_usual_time_is_the_longest_transaction(attack):
    """Without `--timeout` an approval after 280 s counts: the longest transaction of the dialect takes 300 s."""
    terminal = Terminal(approve_after(280 / 40))
    run = attack.pay("25.00", terminal, "sale", env=attack.faster(40))
    attack.must(run, "approved", "an approval after 280 s")
    attack.promise(terminal, [run])


@case("K5", limit=60)
def the_usual_time_ends(attack):
    """Neighbour: without `--timeout` a silent terminal is given up after some 300 s."""
    run = attack.pay("25.00", Terminal(silent), "sale", env=attack.faster(60), seconds=30)
    attack.must(run, "unknown", "a silent terminal")
    attack.expect(run.seconds < 12, f"given up after {run.seconds * 60:.0f} s")


@case("K5", limit=60)
def an_answer_in_a_frame(attack):
    """An answer between STX and check byte is accepted in every dialect."""
    for dialect in ("payxpress", "ingenico", "nepting"):

        def script(exchange):
            exchange.send(framed(exchange.approval(exchange.charge())))
            exchange.wait_for_close(5)

        run = attack.pay(
            "25.00", Terminal(script), "sale", "--dialect", dialect, "--timeout", "5", journal=attack.folder / f"{dialect}.db"
        )
        attack.must(run, "approved", f"a frame in {dialect}")


@case("K5", limit=60)
def a_frame_with_a_wrong_check_byte(attack):
    """A frame with a wrong check byte is unknown, whatever it contains."""
    for dialect in ("payxpress", "ingenico", "nepting"):
        for make in (lambda exchange: exchange.approval(exchange.charge()), lambda exchange: exchange.refusal()):

            def script(exchange, make=make):
                exchange.send(framed(make(exchange), wrong_check_byte=True))
                exchange.wait_for_close(5)

            journal = attack.folder / f"{time.monotonic_ns()}.db"
            run = attack.pay("25.00", Terminal(script), "sale", "--dialect", dialect, "--timeout", "4", journal=journal)
            attack.must(run, "unknown", f"a wrong check byte in {dialect}")


@case("K5", limit=60)
def cut_means_that_something_was_decided(attack):
    """`cut` is reported only where the deciding fields had arrived."""

    def broken(tail):
        def script(exchange):
            exchange.charge()
            exchange.send(tail(exchange))

        return attack.pay("25.00", Terminal(script), None, "--timeout", "4", journal=attack.folder / f"{time.monotonic_ns()}.db")

    for name, tail in (
        ("no message", lambda exchange: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ("garbage after the status", lambda exchange: encode(("CZ", "0300"), ("AE", "10")) + b"\xff\xfe"),
    ):
        run = broken(tail)
        attack.must(run, "unknown", name)
        attack.expect(
            run.last.get("cut") is False, f"{name}: reported as cut after what decides: {json.dumps(run.last.get('cut'))}"
        )
    run = broken(lambda exchange: exchange.approval("123456") + b"ZT100CK003100AK0")
    attack.must(run, "approved", "a ticket that is cut")
    attack.expect(run.last.get("cut") is True, "a ticket that is cut is not reported")


@case("K5", limit=60)
def approve_and_close_at_once(attack):
    """Neighbour: a terminal that answers and closes, or resets, at once: approved."""
    for end in (lambda exchange: None, lambda exchange: (time.sleep(0.1), exchange.reset())):

        def script(exchange, end=end):
            exchange.approve()
            end(exchange)

        run = attack.pay("25.00", Terminal(script), "sale", journal=attack.folder / f"{time.monotonic_ns()}.db")
        attack.must(run, "approved", "an answer and a close")


@case("K5", limit=60)
def a_close_inside_the_answer(attack):
    """Neighbour: a close before the deciding field is unknown, and the id is not charged again."""

    def script(exchange):
        answer = exchange.approval(exchange.charge())
        exchange.send(answer[: offset_after(answer, 4) + 3])

    terminal = Terminal(script, approve)
    run = attack.pay("25.00", terminal, "sale", "--timeout", "5")
    attack.must(run, "unknown", "a close inside the answer")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))


@case("K5", limit=60)
def a_reset_instead_of_an_answer(attack):
    """A terminal that charges and then resets or closes without an answer: unknown, never "not sent", and not charged again."""
    for number, end in enumerate((lambda exchange: exchange.reset(), lambda exchange: None)):

        def script(exchange, end=end):
            exchange.charge()
            end(exchange)

        attack.journal = attack.folder / f"journal-{number}.db"
        terminal = Terminal(script, approve)
        run = attack.pay("25.00", terminal, "sale", "--timeout", "5")
        attack.must(run, "unknown", "no answer")
        attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))
