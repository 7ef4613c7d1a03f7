"""K6, continued: limits of the process, clocks, and surroundings that are out of the ordinary."""

import errno
import resource
import time

from suite import case, shell
from terminal import Terminal, approve, approve_after


def limited(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


@case("K6", limit=80)
def the_size_of_files_is_limited(attack):
    """`ulimit -f` is met anywhere in a payment: no death by a signal, and an approval is reported and not lost."""
    met = 0
    for size, padding in ((24_576, 1), (32_768, 1), (32_768, 20), (36_864, 45), (40_960, 20)):
        journal, terminal = attack.folder / f"journal-{size}-{padding}.db", Terminal()
        attack.must(attack.pay("9.00", Terminal(), "before", journal=journal), "approved", "the first sale of the journal")
        for number in range(9):
            charges, id = len(terminal.charges), f"sale-{number}-{'y' * padding}"
            run = attack.pay("25.00", terminal, id, journal=journal, preexec_fn=limited(resource.RLIMIT_FSIZE, size))
            new = len(terminal.charges) - charges
            attack.expect(new == 0 or run.outcome == "approved", f"a limit of {size} bytes: charged, and {run.summary()}")
            attack.expect(new == 1 or run.outcome != "approved", f"a limit of {size} bytes: approved without a charge")
            if run.outcome != "approved" or not run.last.get("journaled"):
                met += 1
                break
        again = attack.pay("25.00", terminal, id, "--timeout", "3", journal=journal)
        attack.expect(len(terminal.charges) - charges <= 1, "charged twice after the limit was met")
        attack.expect(again.outcome != "declined", "declined after the limit was met")
        if attack.breaches:
            return
    attack.expect(met > 0, "the limit was never met")


@case("K6", limit=60)
def descriptors_are_limited(attack):
    """`ulimit -n` at any number: an outcome or wrong usage, no panic, and never charged twice."""
    approved = 0
    for number in range(4, 26):
        journal, terminal = attack.folder / f"journal-{number}.db", Terminal()
        run = attack.pay(
            "25.00", terminal, "sale", "--timeout", "5", journal=journal, preexec_fn=limited(resource.RLIMIT_NOFILE, number)
        )
        attack.expect(
            not terminal.charges or run.outcome in ("approved", "unknown"), f"{number} descriptors: charged, and {run.summary()}"
        )
        again = attack.pay("25.00", terminal, "sale", "--timeout", "5", journal=journal)
        attack.promise(terminal, [run], again=again)
        approved += run.outcome == "approved"
    attack.expect(approved >= 3, f"approved with {approved} of the limits")


@case("K6", limit=60)
def memory_is_limited(attack):
    """`ulimit -v` at any size: nothing is charged that is not told or left open, and never twice."""
    for megabytes in (12, 20, 30, 60, 100, 200):
        journal, terminal = attack.folder / f"journal-{megabytes}.db", Terminal()
        run = attack.start_pay(
            "25.00", terminal, "sale", "--timeout", "5", journal=journal, preexec_fn=limited(resource.RLIMIT_AS, megabytes << 20)
        )
        run.finish(30)
        again = attack.pay("25.00", terminal, "sale", "--timeout", "5", journal=journal)
        attack.promise(terminal, [run], again=again)


def clock(attack, name, journal=None, id="sale", amount="25.00", **variables):
    terminal = Terminal(approve_after(0.3))
    run = attack.pay(amount, terminal, id, journal=journal or attack.folder / f"{name}.db", env=attack.faults(**variables))
    attack.must(run, "approved", f"a payment with the clock {name}")
    attack.promise(terminal, [run], minor=int(amount.replace(".", "")))
    return run


@case("K6", limit=60)
def the_clock_is_before_1970(attack):
    """The clock on the wall stands before 1970, with and without an id: approved, and no panic."""
    ids = set()
    for name, at in (
        ("an hour before 1970", -3600),
        ("in 1950", -631_152_000),
        ("at the beginning of 1970", 0),
        ("in 1901", -2_147_483_649),
    ):
        clock(attack, name, CLOCK_AT=at)
        ids.add(clock(attack, name + " without an id", id=None, CLOCK_AT=at).last.get("id"))
    attack.expect(None not in ids and len(ids) == 4, f"ids are not unique: {ids}")


@case("K6", limit=60)
def the_clock_is_far_ahead(attack):
    """The clock on the wall stands far ahead: approved, and no panic."""
    for name, at in (
        ("in 2038", 2_147_483_648),
        ("in 2262", 9_223_372_037),
        ("in 2600", 19_880_899_200),
        ("after 9999", 253_402_300_800),
    ):
        clock(attack, name, CLOCK_AT=at)
        clock(attack, name + " without an id", id=None, CLOCK_AT=at)


@case("K6", limit=60)
def the_clock_steps(attack):
    """The clock steps back and forward during payments with one journal: approved, in order, and the journal is readable."""
    for number, step in enumerate((-3_600, 86_400, -2_000_000_000, 400_000_000, -1)):
        clock(
            attack,
            f"stepping by {step} s",
            journal=attack.journal,
            id=f"sale-{number}",
            amount=f"{20 + number}.00",
            CLOCK_STEP=f"150:{step}",
        )
    attack.expect(len(attack.entries() or {}) == 5, f"the journal has {attack.entries()}")


@case("K6", limit=60)
def the_clock_before_1970_in_other_commands(attack):
    """Every command that reads a clock works before 1970: no panic."""
    attack.must(attack.pay("25.00", Terminal(), "sale"), "approved", "the sale")
    terminal = Terminal()
    env = attack.faults(CLOCK_AT=-3600)
    for words in (
        ("journal", attack.journal, "list"),
        ("journal", attack.journal, "show", "sale"),
        ("journal", attack.journal, "recover"),
        ("journal", attack.journal, "forget", "--older-than", "400"),
        ("ping", terminal.address),
        ("doctor", terminal.address),
        ("reprint", terminal.address),
        ("intent", "request", "25.00", "--id", "x"),
        ("pay", "25.00"),
    ):
        run = attack.run(*words, env=env)
        attack.expect(run.code in (0, 1, 3), f"{words[0]} {words[-1]} before 1970: {run.summary()}")


@case("K6", limit=60)
def time_that_went_by_is_not_read_from_the_wall(attack):
    """A step of the wall clock by an hour does not end the wait: the approval afterwards counts."""
    terminal = Terminal(approve_after(1.5))
    run = attack.pay("25.00", terminal, "sale", "--timeout", "6", env=attack.faults(CLOCK_STEP="700:3600"))
    attack.must(run, "approved", "a payment over a step of the clock")
    again = attack.pay("25.00", terminal, "sale", env=attack.faults(CLOCK_AT=3600))
    attack.promise(terminal, [run], again=again)


@case("K6", limit=60)
def surroundings_that_are_bare(attack):
    """Without HOME, in a folder that is gone, with names that are no text: an outcome or a clear error, no panic."""
    gone = attack.folder / "gone"
    gone.mkdir()
    bare = ("env", "-i")
    for name, options in (
        ("no variables at all", {"wrapper": bare}),
        ("HOME that does not exist", {"env": {"HOME": "/nowhere/at/all"}}),
        ("a folder that is gone", {"wrapper": ("sh", "-c", f'cd "{gone}" && rmdir "{gone}" && exec "$0" "$@"')}),
    ):
        run = attack.pay("25.00", Terminal(), "sale", journal=attack.folder / f"{len(name)}.db", **options)
        attack.must(run, "approved", name)
    terminal = Terminal()
    for name, words in (
        ("an id of 100 000 letters", ("--id", "x" * 100_000)),
        ("an id with a line end", ("--id", "a\nb")),
        ("a reference of 100 000 letters", ("--id", "r", "--reference", "x" * 100_000)),
        ("an empty id", ("--id", "")),
    ):
        run = attack.run("pay", "25.00", "--json", "--terminal", terminal.address, "--journal", attack.journal, *words)
        attack.expect(run.code in (2, 6), f"{name}: {run.summary()}")
    attack.expect(not terminal.charges, "charged with an id that is refused")


@case("K6", limit=60)
def names_that_are_no_text(attack):
    """Neighbour: a journal whose file name is not UTF-8 works or is refused with words; arguments that are not UTF-8 are wrong usage."""
    terminal = Terminal(approve)
    words = [
        b"pay",
        b"25.00",
        b"--json",
        b"--terminal",
        terminal.address.encode(),
        b"--id",
        b"sale",
        b"--journal",
        bytes(attack.folder) + b"/j\xff.db",
    ]
    for _ in range(2):
        run = attack.run_bytes(words)
        attack.expect(run.code in (0, 2, 6), f"a journal that is not UTF-8: {run.summary()}")
    attack.expect(len(terminal.charges) <= 1, "charged twice")
    run = attack.run_bytes([b"pay", b"25.00", b"--id", b"\xff\xfe"])
    attack.expect(run.code == 2, f"an id that is not UTF-8: {run.summary()}")


@case("K6", limit=60)
def a_folder_that_is_read_only(attack):
    """A journal that cannot be made is a block with a reason, and nothing is sent."""
    terminal = Terminal()
    for journal in ("/proc/journal.db", "/dev/null", "/nowhere/journal.db", attack.folder):
        run = attack.pay("25.00", terminal, "sale", journal=journal)
        attack.expect(run.code in (2, 6), f"{journal}: {run.summary()}")
    attack.expect(not terminal.charges, "charged without a record")


@case("K6", limit=60)
def a_terminal_that_sends_without_end(attack):
    """A terminal that sends without end does not hold the payment beyond its time."""

    def flood(exchange):
        exchange.charge()
        until = time.monotonic() + 12
        while time.monotonic() < until:
            exchange.send(b"\x00\xffnothing" * 500)

    run = attack.pay("25.00", Terminal(flood), "sale", "--timeout", "4", seconds=20)
    attack.must(run, "unknown", "a flood")
    attack.expect(run.seconds < 9, f"held for {run.seconds:.1f} s")
    attack.must(attack.pay("7.00", Terminal(), "next"), "approved", "the next sale elsewhere")


@case("K6", root=True, limit=60)
def threads_cannot_be_made(attack):
    """A limit on threads: an outcome or an error, no panic, and never charged without an outcome."""
    attack.folder.chmod(0o777)
    # An account that nothing else uses: the limit counts all its processes.
    account = 59_999
    for number in (1, 2, 3, 4):
        journal, terminal = attack.folder / f"journal-{number}.db", Terminal(approve)
        run = attack.pay(
            "25.00", terminal, "sale", "--timeout", "5", journal=journal, user=account, wrapper=("prlimit", f"--nproc={number}")
        )
        attack.expect(
            not terminal.charges or run.outcome in ("approved", "unknown"), f"{number} threads: charged, and {run.summary()}"
        )
        again = attack.pay("25.00", terminal, "sale", "--timeout", "5", journal=journal, user=account)
        attack.promise(terminal, [run], again=again)


def small_disk(attack):
    """A file system of 512 KiB, with a journal. Returns a function that fills it."""
    disk = attack.folder / "disk"
    disk.mkdir()
    shell(f"mount -t tmpfs -o size=512k none {disk}")
    attack.journal = disk / "journal.db"
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")

    def fill():
        with open(disk / "rubbish", "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 512):
                    pass
            except OSError:
                pass

    return fill


@case("K6", network=True, limit=60)
def the_disk_is_full_before_the_payment(attack):
    """The journal's disk is full before the payment: nothing is sent, or it is recorded all the same; room again, and it pays."""
    fill, terminal = small_disk(attack), Terminal()
    fill()
    run = attack.pay("25.00", terminal, "sale")
    attack.must(run, ("blocked", "approved"), "a payment with a full disk")
    (attack.journal.parent / "rubbish").unlink()
    again = attack.pay("25.00", terminal, "sale")
    attack.must(again, "approved", "the same id with room again")
    attack.promise(terminal, [run], again=again)


@case("K6", network=True, limit=60)
def the_disk_fills_during_the_payment(attack):
    """The journal's disk fills during the payment: approved, and not charged again."""
    fill, terminal = small_disk(attack), Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    fill()
    attack.must(attack.finish(run), "approved", "the payment")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))
    (attack.journal.parent / "rubbish").unlink()
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))


@case("K6", network=True, limit=60)
def the_disk_becomes_read_only_during_the_payment(attack):
    """The journal's disk becomes read-only during the payment: approved, `journaled: false`, and not charged again."""
    small_disk(attack)
    terminal = Terminal(approve_after(1))
    run = attack.start_pay(
        "25.00", terminal, "sale", env=attack.faults(f"call=pwrite,after=send,errno={errno.EROFS},path=journal")
    )
    attack.must(attack.finish(run), "approved", "the payment")
    attack.expect(run.last.get("journaled") is False, "reported as journaled on a disk that is read-only")
    shell(f"mount -o remount,ro {attack.journal.parent}")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))
    shell(f"mount -o remount,rw {attack.journal.parent}")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale", "--timeout", "3"))
