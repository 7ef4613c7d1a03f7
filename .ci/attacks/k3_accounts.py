"""K3, continued: locks work for every account that may write the journal."""

import os

from suite import case
from terminal import Terminal, approve, approve_after, charge_silently

TILL = 65534


def till_folder(attack):
    """A folder of the till's account, with a journal."""
    folder = attack.folder / "till"
    folder.mkdir()
    os.chown(folder, TILL, TILL)
    attack.journal = folder / "journal.db"
    attack.must(attack.pay("9.00", Terminal(), "before", user=TILL), "approved", "the till's first sale")


@case("K3", root=True, limit=60)
def root_looks_at_a_terminal(attack):
    """After `ping`, `doctor` or `reprint` by root, the till's own account still pays at that terminal."""
    till_folder(attack)
    for words in ("ping", "doctor", "reprint"):
        terminal = Terminal()
        attack.run(words, terminal.address, "--json", "--journal", attack.journal)
        run = attack.pay("25.00", terminal, f"sale-{words}", user=TILL)
        attack.must(run, "approved", f"the till after root's {words}")


@case("K3", root=True, limit=60)
def root_reads_and_recovers(attack):
    """After `list`, `recover` and `resolve` by root, the till's own account still pays."""
    till_folder(attack)
    terminal = Terminal(charge_silently, approve)
    attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "1", user=TILL), "unknown", "a sale without an answer")
    attack.entries()
    attack.recover("--terminal", terminal.address)
    attack.resolve("sale", "--paid")
    attack.must(attack.pay("12.00", terminal, "next", user=TILL), "approved", "the till after root's recover")


@case("K3", root=True, limit=60)
def root_pays_at_a_new_terminal(attack):
    """After a sale by root at a new terminal, the till's own account still pays there, and reads the journal."""
    till_folder(attack)
    terminal = Terminal()
    attack.must(attack.pay("25.00", terminal, "by-root"), "approved", "root's sale")
    attack.must(attack.pay("12.00", terminal, "next", user=TILL), "approved", "the till after root's sale")
    attack.must(attack.pay("25.00", terminal, "by-root", user=TILL), "approved", "root's id again")


@case("K3", root=True, limit=60)
def two_accounts_exclude_each_other(attack):
    """Neighbour: root and the till's account exclude each other at one terminal, and one id is charged once."""
    till_folder(attack)
    terminal = Terminal(approve_after(0.5))
    for number in range(3):
        pair = [attack.start_pay("25.00", terminal, f"sale-{number}", user=user) for user in (TILL, None)]
        for run in pair:
            attack.finish(run)
        attack.expect(len(terminal.charges) == number + 1, f"{number + 1} sales charged {len(terminal.charges)} times")
    attack.expect(terminal.most_open <= 1, f"{terminal.most_open} connections at once")


@case("K3", root=True, limit=60)
def lock_files_of_an_earlier_version(attack):
    """Lock files of an earlier version that belong to root hold nothing back."""
    till_folder(attack)
    locks = attack.journal.parent / "journal.db.locks"
    locks.mkdir(exist_ok=True)
    for path in [*locks.iterdir(), locks]:
        os.chown(path, 0, 0)
        path.chmod(0o700 if path.is_dir() else 0o600)
    attack.must(attack.pay("25.00", Terminal(), "sale", user=TILL), "approved", "a sale beside root's old lock files")


@case("K3", root=True, limit=60)
def an_account_that_may_not_write(attack):
    """Neighbour: an account that may only read the journal cannot pay, is told so, and sends nothing."""
    till_folder(attack)
    attack.journal.chmod(0o644)
    terminal = Terminal()
    run = attack.pay("25.00", terminal, "sale", user=65533)
    attack.expect(run.code == 6, f"an account that may only read: {run.summary()}")
    attack.expect(not terminal.charges, "charged without a record")
    attack.must(attack.pay("12.00", terminal, "next", user=TILL), "approved", "the till afterwards")


@case("K3", root=True, limit=60)
def a_journal_that_is_given_to_another_account(attack):
    """A journal that root began is given to the till's account: the mark goes on, and an older copy is still noticed."""
    folder = attack.folder / "given"
    folder.mkdir()
    attack.journal = folder / "journal.db"
    terminal = Terminal()
    attack.must(attack.pay("1.00", terminal, "by-root"), "approved", "root's sale")
    os.chown(folder, TILL, TILL)
    os.chown(attack.journal, TILL, TILL)
    attack.must(attack.pay("2.00", terminal, "second", user=TILL), "approved", "the till's sale")
    copy = attack.journal.read_bytes()
    attack.must(attack.pay("3.00", terminal, "third", user=TILL), "approved", "the till's next sale")
    # As `cp` puts an older copy back: into the file itself.
    attack.journal.write_bytes(copy)
    os.remove(f"{attack.journal}.locks/recent-events")
    again = attack.pay("3.00", terminal, "third", user=TILL)
    attack.expect(again.code == 6, f"the same id on an older copy: {again.summary()}")
    attack.expect(len(terminal.charges) == 3, f"three sales charged {len(terminal.charges)} times")


@case("K3", root=True, limit=60)
def a_given_journal_whose_folder_stays_roots(attack):
    """Where the mark cannot be put aside either, nothing is paid without it, and the message names the file."""
    folder = attack.folder / "sticky"
    folder.mkdir()
    folder.chmod(0o1777)
    attack.journal = folder / "journal.db"
    terminal = Terminal()
    attack.must(attack.pay("1.00", terminal, "by-root"), "approved", "root's sale")
    attack.journal.chmod(0o666)
    for log in ("journal.db-wal", "journal.db-shm"):
        if (folder / log).exists():
            (folder / log).chmod(0o666)
    run = attack.pay("2.00", terminal, "second", user=TILL)
    attack.expect(run.code == 6 and any("last-event" in line for _, line in run.errors), f"a sale without a mark: {run.summary()} {run.errors}")
    attack.expect(len(terminal.charges) == 1, f"one sale charged {len(terminal.charges)} times")
