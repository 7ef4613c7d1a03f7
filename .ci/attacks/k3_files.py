"""K3. One journal is one file, whatever path, link or mount leads to it."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor

from suite import case, shell
from terminal import Terminal, approve, approve_after


def refused_for(attack, run, what, *words):
    """The journal is refused with its reason: exit code 6, and one of these words."""
    attack.expect(run.code == 6, f"{what}: {run.summary()}")
    told = (run.out + run.err).lower()
    attack.expect(any(word in told for word in words), f"{what}: the reason is not given: {(run.err or run.out)[-200:]!r}")


def begin_journal(attack):
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")


def both_at_once(attack, paths, rounds=8, wrappers=((), ())):
    """The same id through two paths at once, several times. Returns the terminal and all runs."""
    terminal, runs = Terminal(approve_after(0.2)), []
    for number in range(rounds):
        charges = len(terminal.charges)
        pair = [
            attack.start_pay("25.00", terminal, f"sale-{number}", journal=path, wrapper=wrapper)
            for path, wrapper in zip(paths, wrappers)
        ]
        for run in pair:
            attack.finish(run)
        runs.append(pair)
        attack.expect(
            len(terminal.charges) - charges <= 1, f"one id charged {len(terminal.charges) - charges} times by way of two paths"
        )
    return terminal, runs


def one_journal(attack, paths, wrappers=((), ())):
    """Two paths that are one journal and work: each id is charged once, by one of the two, and both know it."""
    terminal, runs = both_at_once(attack, paths, 4, wrappers)
    for number, pair in enumerate(runs):
        attack.expect("approved" in [run.outcome for run in pair], f"neither is approved: {[run.summary() for run in pair]}")
        for path, wrapper in zip(paths, wrappers):
            again = attack.pay("25.00", terminal, f"sale-{number}", journal=path, wrapper=wrapper)
            attack.must(again, "approved", f"the id again by way of {path}")
    attack.expect(len(terminal.charges) == 4, f"four sales charged {len(terminal.charges)} times")


@case("K3", limit=60)
def a_hard_link(attack):
    """A journal with a second hard link is refused with its reason, under both names."""
    begin_journal(attack)
    other = attack.folder / "linked.db"
    os.link(attack.journal, other)
    terminal = Terminal()
    for path in (other, attack.journal):
        refused_for(attack, attack.pay("25.00", terminal, "sale", journal=path), f"a hard link, {path.name}", "link")
    attack.expect(not terminal.charges, "charged by way of a hard link")


@case("K3", limit=80)
def a_hard_link_at_the_same_time(attack):
    """The same id through two hard links at once is never charged twice, and the journal stays readable."""
    begin_journal(attack)
    other = attack.folder / "linked.db"
    os.link(attack.journal, other)
    both_at_once(attack, (attack.journal, other), 12)
    other.unlink()
    listed = attack.run("journal", attack.journal, "list")
    attack.expect(listed.code == 0, f"the journal afterwards: {listed.summary()}")


@case("K3", limit=60)
def a_hard_link_that_is_removed(attack):
    """Neighbour: when the second link is gone, the journal works again."""
    begin_journal(attack)
    other = attack.folder / "linked.db"
    os.link(attack.journal, other)
    other.unlink()
    attack.must(attack.pay("25.00", Terminal(), "sale"), "approved", "a sale after the link was removed")


@case("K3", limit=60)
def a_symbolic_link(attack):
    """Neighbour: a symbolic link to the journal is the same journal."""
    begin_journal(attack)
    other = attack.folder / "symbolic.db"
    other.symlink_to(attack.journal)
    one_journal(attack, (attack.journal, other))


@case("K3", limit=60)
def paths_that_are_spelled_differently(attack):
    """Neighbour: a folder's symbolic link, `..` and a double slash lead to the same journal."""
    begin_journal(attack)
    folder = attack.folder / "elsewhere"
    folder.symlink_to(attack.folder)
    (attack.folder / "sub").mkdir()
    one_journal(attack, (folder / "journal.db", f"{attack.folder}/sub/..//journal.db"))


@case("K3", network=True, limit=60)
def a_file_that_is_a_mount_point(attack):
    """A journal that is a mount point of its own is refused with its reason."""
    begin_journal(attack)
    (attack.folder / "container").mkdir()
    other = attack.folder / "container" / "journal.db"
    other.touch()
    shell(f"mount --bind {attack.journal} {other}")
    terminal = Terminal()
    refused_for(attack, attack.pay("25.00", terminal, "sale", journal=other), "a mounted file", "mount")
    attack.expect(not terminal.charges, "charged by way of a mounted file")


@case("K3", root=True, limit=80)
def a_mounted_file_at_the_same_time(attack):
    """The same id through a file that another container has mounted is never charged twice."""
    begin_journal(attack)
    (attack.folder / "container").mkdir()
    other = attack.folder / "container" / "journal.db"
    other.touch()
    container = (
        "unshare",
        "-m",
        "sh",
        "-c",
        f'mount --make-rprivate / && mount --bind "{attack.journal}" "{other}" && exec "$0" "$@"',
    )
    both_at_once(attack, (attack.journal, other), 6, ((), container))


@case("K3", root=True, limit=80)
def a_mounted_folder(attack):
    """Neighbour: a container that has the folder mounted works, and shares locks and records."""
    begin_journal(attack)
    (attack.folder / "data").mkdir()
    journal = attack.folder / "data" / "journal.db"
    attack.must(attack.pay("9.00", Terminal(), "before", journal=journal), "approved")
    (attack.folder / "container").mkdir()
    other = attack.folder / "container" / "journal.db"
    container = (
        "unshare",
        "-m",
        "sh",
        "-c",
        f'mount --make-rprivate / && mount --bind "{attack.folder}/data" "{attack.folder}/container" && exec "$0" "$@"',
    )
    one_journal(attack, (journal, other), ((), container))


@case("K3", limit=80)
def many_tills_with_one_journal(attack):
    """Neighbour: six tills at six terminals write one journal at once, and every sale is recorded."""
    begin_journal(attack)
    terminals = [Terminal(approve_after(0.05)) for _ in range(6)]

    def till(number):
        return [attack.pay("25.00", terminals[number], f"till-{number}-{sale}") for sale in range(4)]

    with ThreadPoolExecutor(6) as pool:
        runs = [run for some in pool.map(till, range(6)) for run in some]
    for run in runs:
        attack.must(run, "approved", "one of six tills")
        attack.expect(run.last.get("journaled") is True, "a sale is not journaled")
    entries = attack.entries() or {}
    attack.expect(len(entries) == 25, f"{len(entries)} entries of 25")
    attack.expect(sum(len(one.charges) for one in terminals) == 24, "charged more or less than 24 times")


@case("K3", limit=60)
def readers_do_not_release_the_locks(attack):
    """Commands that open and close the journal during a payment release no lock of it."""
    begin_journal(attack)
    terminal = Terminal(approve_after(1.5))
    first = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    attack.entries()
    attack.show("sale")
    # Another program opens and closes the file as well.
    for _ in range(3):
        with open(attack.journal, "rb") as file:
            file.read(100)
        sqlite3.connect(attack.journal).close()
    other = attack.pay("7.00", terminal, "other")
    attack.expect(len(terminal.requests) == 1 or other.began > first.began + 1.5, "two payments at one terminal at once")
    attack.must(attack.finish(first), "approved", "the payment")
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")


@case("K3", limit=60)
def a_place_without_locks(attack):
    """A place whose locks do not work is refused at opening, with the advice to use a local disk; nothing is sent."""
    words = ("network", "réseau", "share", "partage", "local disk", "cannot be locked", "no locks")
    for fresh in (False, True):
        for number, rules in enumerate(
            (
                ("call=flock,errno=37", "call=ofd,errno=37", "call=lock,errno=37,path=journal"),
                ("call=lock,errno=37,path=journal",),
                ("call=map,errno=19,path=-shm",),
                ("call=flock,errno=95", "call=ofd,errno=22"),
            )
        ):
            journal, terminal = attack.folder / f"journal-{fresh}-{number}.db", Terminal()
            if not fresh:
                attack.must(attack.pay("9.00", Terminal(), "before", journal=journal), "approved")
            run = attack.pay("25.00", terminal, "sale", journal=journal, env=attack.faults(*rules, CLOCK_SPEED=10))
            what = f"{'a new journal' if fresh else 'a journal'}, {rules[0]}"
            refused_for(attack, run, what, *words)
            attack.expect(not terminal.charges, f"{what}: charged")
            attack.expect("another process" not in (run.out + run.err), f"{what}: another process is blamed")


@case("K3", limit=60)
def a_place_where_locks_work_again(attack):
    """Neighbour: after such a refusal the journal works where locks work."""
    begin_journal(attack)
    attack.pay(
        "25.00",
        Terminal(),
        "sale",
        env=attack.faults("call=lock,errno=37,path=journal", "call=ofd,errno=37", "call=flock,errno=37", CLOCK_SPEED=10),
    )
    terminal = Terminal(approve)
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "a sale afterwards")
