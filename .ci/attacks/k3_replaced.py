"""K3, continued: the file at the path is moved, removed, replaced or restored."""

import os
import shutil
import signal
import sqlite3

from suite import case
from terminal import Terminal, approve, approve_after

SIDES = ("", "-wal", "-shm")


def begin_journal(attack):
    attack.must(attack.pay("9.00", Terminal(), "before"), "approved", "the first sale of the journal")


def move(attack, to):
    for side in SIDES:
        path = f"{attack.journal}{side}"
        if os.path.exists(path):
            os.rename(path, f"{to}{side}")


def copy_journal(attack, to):
    """A copy of the journal in one file, as a backup makes it."""
    with sqlite3.connect(attack.journal) as source, sqlite3.connect(to) as target:
        source.backup(target)
    source.close()
    target.close()


def during_a_payment(attack, interfere, journaled, begun=False):
    """Does something to the file between request and answer. The verdict stays; the id is not charged again."""
    if not begun:
        begin_journal(attack)
    terminal = Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    interfere()
    attack.must(attack.finish(run), "approved", "the payment")
    attack.expect(run.last.get("journaled") is journaled, f"journaled: {run.last.get('journaled')}, expected {journaled}")
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.promise(terminal, [run], again=again)
    return terminal, run


@case("K3", limit=60)
def moved_during_a_payment(attack):
    """The journal is moved away during a payment: approved, `journaled: false`, and the id is not charged again."""
    during_a_payment(attack, lambda: move(attack, attack.folder / "moved.db"), False)


@case("K3", limit=60)
def removed_during_a_payment(attack):
    """The journal is removed during a payment: approved, `journaled: false`, and the id is not charged again."""
    during_a_payment(
        attack,
        lambda: [os.path.exists(f"{attack.journal}{side}") and os.remove(f"{attack.journal}{side}") for side in SIDES],
        False,
    )


@case("K3", limit=60)
def replaced_during_a_payment(attack):
    """Another copy takes the journal's place during a payment: `journaled: false`, and the id is not charged again."""

    def interfere():
        copy = attack.folder / "copy.db"
        copy_journal(attack, copy)
        move(attack, attack.folder / "moved.db")
        os.rename(copy, attack.journal)

    during_a_payment(attack, interfere, False)


@case("K3", limit=60)
def an_older_copy_during_a_payment(attack):
    """A copy from before the payment takes the journal's place during it: the id is not charged again."""
    begin_journal(attack)
    copy = attack.folder / "copy.db"
    copy_journal(attack, copy)

    def interfere():
        move(attack, attack.folder / "moved.db")
        shutil.copy(copy, attack.journal)

    during_a_payment(attack, interfere, False, begun=True)


@case("K3", limit=60)
def a_folder_that_is_renamed(attack):
    """The journal's folder is renamed during a payment: `journaled: false`, and the id is not charged again."""
    folder = attack.folder / "data"
    folder.mkdir()
    attack.journal = folder / "journal.db"

    def interfere():
        folder.rename(attack.folder / "renamed")

    begin_journal(attack)
    terminal = Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    interfere()
    attack.must(attack.finish(run), "approved", "the payment")
    attack.expect(run.last.get("journaled") is False, f"journaled: {run.last.get('journaled')}, and the path leads nowhere")
    (attack.folder / "renamed").rename(folder)
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.promise(terminal, [run], again=again)


@case("K3", limit=60)
def the_log_is_removed_during_a_payment(attack):
    """The write-ahead log is removed during a payment: nothing is reported as journaled that is then lost."""
    begin_journal(attack)
    terminal = Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    for side in SIDES[1:]:
        if os.path.exists(f"{attack.journal}{side}"):
            os.remove(f"{attack.journal}{side}")
    attack.must(attack.finish(run), "approved", "the payment")
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.promise(terminal, [run], again=again)


@case("K3", limit=60)
def a_backup_that_links(attack):
    """Neighbour: a second link that a backup makes during a payment does not prevent the record of its end."""
    copy = attack.folder / "backup.db"
    terminal, run = during_a_payment_then(attack, lambda: os.link(attack.journal, copy), copy.unlink)
    attack.expect(run.last.get("journaled") is True, "not journaled because of a second link")
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the id again")
    attack.expect(attack.charged(terminal) == 1, "charged twice")


def during_a_payment_then(attack, interfere, afterwards):
    begin_journal(attack)
    terminal = Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    interfere()
    attack.must(attack.finish(run), "approved", "the payment")
    afterwards()
    return terminal, run


@case("K3", limit=60)
def a_backup_that_reads(attack):
    """Neighbour: a program that copies the journal during a payment does not prevent the record of its end."""
    during_a_payment(attack, lambda: copy_journal(attack, attack.folder / "backup.db"), True)


def before_the_record(attack, interfere):
    """Does something to the file after the journal was opened and before the start is recorded."""
    begin_journal(attack)
    copy_journal(attack, attack.folder / "copy.db")
    terminal = Terminal(approve)
    run = attack.start_pay("25.00", terminal, "sale", env=attack.faults("call=connect,nth=1,sleep=1500"))
    attack.expect(run.wait_for("connecting"), "the command never connected")
    interfere()
    attack.finish(run)
    attack.expect(not terminal.charges or run.outcome == "approved", f"charged, and reported as {run.summary()}")
    return terminal, run


@case("K3", limit=60)
def moved_before_the_record(attack):
    """The journal is moved away before the start is recorded: nothing is sent, and the outcome says so."""
    terminal, run = before_the_record(attack, lambda: move(attack, attack.folder / "moved.db"))
    attack.expect(not terminal.requests, "a request was sent that the journal at the path does not contain")
    attack.must(run, ("blocked", "not_sent"), "the payment")


@case("K3", limit=60)
def replaced_before_the_record(attack):
    """Another file takes the journal's place before the start is recorded: nothing is sent."""

    def interfere():
        move(attack, attack.folder / "moved.db")
        os.rename(attack.folder / "copy.db", attack.journal)

    terminal, run = before_the_record(attack, interfere)
    attack.expect(not terminal.requests, "a request was sent that the journal at the path does not contain")
    attack.must(run, ("blocked", "not_sent"), "the payment")
    again = attack.pay("25.00", terminal, "sale")
    attack.promise(terminal, [run], again=again)


@case("K3", limit=60)
def linked_before_the_record(attack):
    """A second link appears before the start is recorded: nothing is sent."""
    terminal, run = before_the_record(attack, lambda: os.link(attack.journal, attack.folder / "linked.db"))
    attack.expect(not terminal.requests, "a request was sent with a journal that has two links")
    attack.must(run, ("blocked", "not_sent"), "the payment")


@case("K3", limit=60)
def nothing_before_the_record(attack):
    """Neighbour: a slow connection alone changes nothing."""
    terminal, run = before_the_record(attack, lambda: None)
    attack.must(run, "approved", "the payment")


def restore(attack, change=lambda: None, copied_after="before"):
    """Puts back a copy of the journal that was made before or after the sale. Returns the terminal and the same id's run."""
    begin_journal(attack)
    terminal, copy = Terminal(), attack.folder / "copy.db"
    if copied_after == "before":
        copy_journal(attack, copy)
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the sale")
    if copied_after == "sale":
        copy_journal(attack, copy)
    for side in SIDES:
        if os.path.exists(f"{attack.journal}{side}"):
            os.remove(f"{attack.journal}{side}")
    shutil.copy(copy, attack.journal)
    change()
    return terminal, attack.pay("25.00", terminal, "sale", "--timeout", "3")


def without_the_newest_events(attack):
    """Removes the file of the newest events: as a copy that is too old for them."""
    os.remove(f"{attack.journal}.locks/recent-events")


@case("K3", limit=60)
def an_older_copy_is_put_back(attack):
    """An older copy is put back: the journal is refused until a person gives their word, and the id is not charged again."""
    terminal, run = restore(attack, lambda: without_the_newest_events(attack))
    attack.expect(attack.charged(terminal) == 1, "the id is charged again with an older copy of the journal")
    attack.expect(run.code == 6, f"an older copy of the journal: {run.summary()}")


@case("K3", limit=60)
def a_recent_copy_is_put_back(attack):
    """A recent copy is put back: it is brought up to date with the newest events, and the id is answered from it."""
    terminal, run = restore(attack)
    attack.must(run, "approved", "the id again")
    attack.expect(attack.charged(terminal) == 1, "the id is charged again with an older copy of the journal")


@case("K3", limit=60)
def a_current_copy_is_put_back(attack):
    """Neighbour: a copy that has everything is put back: the id is answered from it, and the next sale works."""
    terminal, run = restore(attack, copied_after="sale")
    attack.must(run, "approved", "the id again")
    attack.expect(attack.charged(terminal) == 1, "charged twice")
    attack.must(attack.pay("7.00", terminal, "next"), "approved", "the next sale")


@case("K3", limit=60)
def files_beside_the_journal_are_rubbish(attack):
    """Neighbour: rubbish in a file beside the journal that is not SQLite's holds nothing back."""
    begin_journal(attack)
    beside = [
        path
        for path in attack.folder.glob("journal.db*")
        if path.is_file() and str(path)[len(str(attack.journal)) :] not in SIDES
    ]
    for path in beside:
        path.write_bytes(b"\0rubbish\xff" * 20)
    attack.must(attack.pay("25.00", Terminal(), "sale"), "approved", f"a sale with rubbish in {[path.name for path in beside]}")


@case("K3", limit=60)
def files_beside_the_journal_lag(attack):
    """Neighbour: older files beside the journal that are not SQLite's hold nothing back."""
    begin_journal(attack)
    beside = {
        path: path.read_bytes()
        for path in attack.folder.glob("journal.db*")
        if path.is_file() and str(path)[len(str(attack.journal)) :] not in SIDES
    }
    terminal = Terminal()
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the sale")
    for path, data in beside.items():
        path.write_bytes(data)
    again = attack.pay("25.00", terminal, "sale")
    attack.must(again, "approved", "the id again, with older files beside the journal")
    attack.must(attack.pay("7.00", terminal, "next"), "approved", "the next sale")


@case("K3", limit=60)
def a_journal_that_is_lost(attack):
    """The journal is removed between two runs: the id is not charged again."""
    begin_journal(attack)
    terminal = Terminal()
    attack.must(attack.pay("25.00", terminal, "sale"), "approved", "the sale")
    for side in SIDES:
        if os.path.exists(f"{attack.journal}{side}"):
            os.remove(f"{attack.journal}{side}")
    run = attack.pay("25.00", terminal, "sale")
    attack.expect(attack.charged(terminal) == 1, "the id is charged again after the journal was lost")
    attack.expect(run.code == 6, f"a lost journal: {run.summary()}")


def retarget(attack):
    """Makes the journal's path a symbolic link. Returns a function that leads the link to a copy."""
    real, copy = attack.folder / "real.db", attack.folder / "copy.db"
    link, attack.journal = attack.journal, real
    begin_journal(attack)
    copy_journal(attack, copy)
    link.symlink_to(real)
    attack.journal = link

    def lead_elsewhere():
        link.unlink()
        link.symlink_to(copy)

    return lead_elsewhere


@case("K3", limit=60)
def a_link_is_retargeted_during_a_payment(attack):
    """The symbolic link to the journal leads to a copy during a payment: approved, with `journaled: false`."""
    lead_elsewhere, terminal = retarget(attack), Terminal(approve_after(1))
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    lead_elsewhere()
    attack.must(attack.finish(run), "approved", "the payment")
    # The copy is another journal from now on: only this word tells the till that the path does not contain the payment.
    attack.expect(
        run.last.get("journaled") is False, f"journaled: {run.last.get('journaled')}, and the path leads to another file"
    )


@case("K3", limit=60)
def a_link_is_retargeted_before_the_record(attack):
    """The symbolic link to the journal leads to a copy before the start is recorded: nothing is sent."""
    lead_elsewhere, terminal = retarget(attack), Terminal(approve)
    run = attack.start_pay("25.00", terminal, "sale", env=attack.faults("call=connect,nth=1,sleep=1500"))
    attack.expect(run.wait_for("connecting"), "the command never connected")
    lead_elsewhere()
    attack.must(attack.finish(run), ("blocked", "not_sent"), "the payment")
    attack.expect(not terminal.requests, "a request was sent that the journal at the path does not contain")
    attack.promise(terminal, [run], again=attack.pay("25.00", terminal, "sale"))


@case("K3", limit=60)
def an_older_copy_beside_a_newer_log(attack):
    """An older copy is put in place beside the write-ahead log of a killed till: the id is not charged again."""
    begin_journal(attack)
    copy = attack.folder / "copy.db"
    copy_journal(attack, copy)
    terminal = Terminal(approve_after(30), approve)
    run = attack.start_pay("25.00", terminal, "sale")
    attack.expect(terminal.wait_for_request(), "no request arrived")
    run.signal(signal.SIGKILL)
    run.finish()
    shutil.copy(copy, attack.journal)
    again = attack.pay("25.00", terminal, "sale", "--timeout", "3")
    attack.expect(len(terminal.requests) == 1, f"sent again: {again.summary()}")
