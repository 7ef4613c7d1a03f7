"""K6. Nobody holds a payment: readers that stall or go away, and standard streams that are closed."""

import fcntl
import json
import os
import signal
import time

from suite import case
from terminal import Terminal, approve, approve_after, charge_silently, silent

SET_PIPE_SIZE = 1031


def full_pipe(room):
    """Returns both ends of a pipe in which so many bytes fit, and that nobody reads."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, SET_PIPE_SIZE, 4096)
    os.write(writer, b"#" * (4095 - room) + b"\n")
    return reader, writer


def stalled(attack, room, stream, json_lines=True):
    """A payment whose reader stalls. It is recorded, it frees the terminal, and signals end it."""
    journal = attack.folder / f"journal-{stream}-{room}-{json_lines}.db"
    reader, writer = full_pipe(room)
    terminal = Terminal(approve_after(0.3), approve)
    words = [
        "pay",
        "25.00",
        *["--json"] * json_lines,
        "--terminal",
        terminal.address,
        "--journal",
        journal,
        "--id",
        "sale",
        "--timeout",
        "5",
    ]
    run = attack.start(*words, **{stream: writer})
    os.close(writer)
    time.sleep(2.5)
    charged = len(terminal.charges)
    attack.expect(charged == 1, f"{stream}, room for {room} bytes: the payment stands still, charged {charged} times")
    entry = attack.entry("sale", journal)
    attack.expect(
        entry.get("outcome") == "approved", f"{stream}, room for {room} bytes: charged, and recorded as {entry.get('outcome')}"
    )
    other = attack.pay("9.00", terminal, "other", journal=journal)
    attack.must(other, "approved", f"{stream}, room for {room} bytes: the next sale while the reader stalls")
    if run.code is None:
        run.signal(signal.SIGINT, signal.SIGINT, signal.SIGTERM, pause=0.4)
    attack.expect(run.wait(5), f"{stream}, room for {room} bytes: three signals do not end the process")
    attack.expect(run.code == 0, f"{stream}, room for {room} bytes: approved, and exit code {run.code}")
    run.process.kill()
    run.process.wait()
    os.close(reader)
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3", journal=journal)
    attack.must(again, "approved", f"{stream}, room for {room} bytes: the id again")


@case("K6", limit=60)
def a_reader_of_standard_output_stalls(attack):
    """The reader of standard output stalls: the payment goes on, is recorded, frees the terminal, and obeys signals."""
    for room in (0, 70, 190):
        stalled(attack, room, "stdout")


@case("K6", limit=60)
def a_reader_of_standard_output_stalls_later(attack):
    """The reader of standard output stalls just before the outcome: recorded, and the terminal is free."""
    for room in (130, 160, 250):
        stalled(attack, room, "stdout")


@case("K6", limit=60)
def a_reader_of_standard_error_stalls(attack):
    """The reader of standard error stalls: the payment goes on, is recorded, frees the terminal, and obeys signals."""
    for room in (0, 60, 150):
        stalled(attack, room, "stderr", json_lines=False)


@case("K6", limit=60)
def a_person_stops_the_output(attack):
    """Somebody stops the output for people (Ctrl-S): recorded, the terminal is free, and signals are obeyed."""
    for room in (0, 90, 200):
        stalled(attack, room, "stdout", json_lines=False)


@case("K6", limit=60)
def a_stalled_reader_reads_again(attack):
    """Neighbour: a reader that reads again after the payment receives the outcome."""
    reader, writer = full_pipe(100)
    terminal = Terminal(approve_after(0.2))
    run = attack.start(*attack.pay_words("25.00", terminal, "sale", None, ()), stdout=writer)
    os.close(writer)
    time.sleep(2)
    with os.fdopen(reader, "rb") as pipe:
        lines = [json.loads(line) for line in pipe.read().lstrip(b"#").splitlines() if line.strip()]
    run.finish(10)
    attack.expect(lines and lines[-1].get("outcome") == "approved", f"the last line is {lines[-1:]}")
    attack.expect(run.code == 0 and not run.late, f"exit code {run.code}")


@case("K6", limit=60)
def the_virtual_terminal_has_a_stalled_reader(attack):
    """`caisse terminal` whose reader stalls serves on, and two signals end it."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, SET_PIPE_SIZE, 4096)
    terminal = attack.start("terminal", "--listen", "tcp://127.0.0.1:0", "--events", "--json", stdout=writer)
    os.close(writer)
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(reader, 1)
    address = json.loads(line)["at"]
    for number in range(12):
        run = attack.pay("25.00", address, f"sale-{number}", "--timeout", "5", seconds=20)
        if not attack.must(run, "approved", f"sale {number} at a virtual terminal whose reader stalls"):
            break
    terminal.signal(signal.SIGINT, signal.SIGTERM, pause=0.5)
    attack.expect(terminal.wait(5), "two signals do not end the virtual terminal")
    terminal.killed = True
    terminal.process.kill()
    os.close(reader)


@case("K6", limit=60)
def a_reader_that_went_away(attack):
    """Neighbour: a reader that went away is no error of the payment: exit code 0, and recorded."""
    reader, writer = os.pipe()
    os.close(reader)
    terminal = Terminal(approve)
    run = attack.start(*attack.pay_words("25.00", terminal, "sale", None, ()), stdout=writer)
    os.close(writer)
    attack.finish(run)
    attack.expect(run.code == 0, f"approved, and exit code {run.code}: {run.err[-200:]}")
    attack.expect(attack.entry("sale").get("outcome") == "approved", "not recorded")


@case("K6", limit=60)
def a_full_disk_behind_the_output(attack):
    """Neighbour: standard output and error on a full disk: the exit code is the outcome's, and it is recorded."""
    for stream in ("stdout", "stderr"):
        journal = attack.folder / f"{stream}.db"
        with open("/dev/full", "w") as full:
            run = attack.start(*attack.pay_words("25.00", Terminal(approve), "sale", journal, ()), **{stream: full})
            attack.finish(run)
        attack.expect(run.code == 0, f"{stream} on a full disk: exit code {run.code}")
        attack.expect(attack.entry("sale", journal).get("outcome") == "approved", f"{stream} on a full disk: not recorded")


@case("K6", limit=60)
def output_that_is_lost_is_no_success(attack):
    """A list that could not be written is no success."""
    attack.must(attack.pay("25.00", Terminal(), "sale"), "approved", "the sale")
    for words in (
        ("journal", attack.journal, "list"),
        ("journal", attack.journal, "list", "--json"),
        ("journal", attack.journal, "show", "sale"),
        ("intent", "request", "25.00", "--id", "x", "--format", "uri"),
        ("dialect", "ingenico"),
    ):
        with open("/dev/full", "w") as full:
            run = attack.finish(attack.start(*words, stdout=full))
        attack.expect(run.code != 0, f"{words[0]} {words[-1]} on a full disk: exit code 0")


@case("K6", limit=60)
def standard_streams_are_closed(attack):
    """Standard streams that are closed change nothing: approved, recorded, and the journal is not overwritten by output."""
    for number, closed in enumerate(("0", "1", "2", "0 1", "1 2", "0 1 2")):
        journal = attack.folder / f"closed-{number}.db"
        attack.must(attack.pay("9.00", Terminal(), "before", journal=journal), "approved", "the first sale of the journal")
        redirections = " ".join(f"{fd}>&-" for fd in closed.split())
        terminal = Terminal(approve)
        run = attack.start(
            *attack.pay_words("25.00", terminal, "sale", journal, ()), wrapper=("sh", "-c", f'exec "$0" "$@" {redirections}')
        )
        attack.finish(run)
        attack.expect(run.code == 0, f"closed {closed}: exit code {run.code}, charged {len(terminal.charges)} times")
        attack.expect(attack.entry("sale", journal).get("outcome") == "approved", f"closed {closed}: not recorded")


@case("K6", limit=60)
def signals_end_each_wait(attack):
    """SIGTERM ends `recover --wait`, `ping`, `doctor` and `reprint` at a terminal that does not answer, within seconds."""
    terminal = Terminal(approve, charge_silently, duplicata=silent, probe=silent)
    attack.must(attack.pay("9.00", terminal, "before", "--dialect", "nepting"), "approved", "the first sale of the journal")
    attack.must(
        attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--timeout", "1", seconds=90),
        "unknown",
        "a sale without an answer",
    )
    terminal.duplicata = silent
    for words in (
        ("journal", attack.journal, "recover", "--terminal", terminal.address, "--wait", "--exclusive"),
        ("ping", terminal.address),
        ("doctor", terminal.address),
        ("reprint", terminal.address),
    ):
        run = attack.start(*words, "--json")
        time.sleep(1)
        if run.code is None:
            run.signal(signal.SIGTERM, signal.SIGTERM, pause=0.3)
        attack.expect(run.wait(5), f"{words[0]} {words[-1]}: two signals do not end it within 5 s")
        run.killed = True
        run.process.kill()


@case("K6", limit=60)
def signals_end_a_recovery_that_waits(attack):
    """SIGTERM ends `recover --wait` while it waits for the longest transaction; the sale stays open."""
    terminal = Terminal(approve, silent)
    attack.must(attack.pay("9.00", terminal, "before", "--dialect", "nepting"), "approved", "the first sale of the journal")
    attack.must(
        attack.pay("25.00", terminal, "sale", "--dialect", "nepting", "--timeout", "1"), "unknown", "a sale without an answer"
    )
    run = attack.start("journal", attack.journal, "recover", "--terminal", terminal.address, "--wait", "--exclusive", "--json")
    time.sleep(2)
    attack.expect(run.code is None, f"`recover --wait` did not wait: {run.summary()}")
    run.signal(signal.SIGTERM, signal.SIGTERM, pause=0.3)
    attack.expect(run.wait(5), "two signals do not end `recover --wait` within 5 s")
    run.killed = True
    run.process.kill()
    attack.expect(attack.entry("sale").get("outcome") == "unknown", "the sale is settled by a signal")


@case("K6", limit=60)
def a_pipe_without_a_writer(attack):
    """Neighbour: standard input that ends, or gives rubbish, does not end the payment."""
    for data in (b"", b"\xff\x00rubbish\n" * 50):
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        journal = attack.folder / f"stdin-{len(data)}.db"
        run = attack.start(*attack.pay_words("25.00", Terminal(approve_after(0.5)), "sale", journal, ()), stdin=reader)
        os.close(reader)
        attack.must(attack.finish(run), "approved", "a payment with rubbish on standard input")
