"""Faults. Each single system call of a payment fails, is cut short, or is the last one of the process."""

import errno
import random
import shutil
import signal
import time
from collections import Counter

from suite import NotRun, case
from terminal import Terminal, approve, approve_after

# Kind of call, text in the path of its file, and how it fails. The counts come from a run without faults.
JOURNAL, SOCKET, OUTPUT, ANYWHERE = "journal", "socket:", "pipe:", ""
CALLS = {
    "opening_files": ("open", JOURNAL, ("EACCES", "EMFILE", "ENOSPC", "EIO")),
    "writing_files": ("pwrite", JOURNAL, ("ENOSPC", "EIO", "EDQUOT", "short")),
    "writing_small_files": ("write", JOURNAL, ("ENOSPC", "EIO", "short")),
    "reading_files": ("pread", JOURNAL, ("EIO", "short")),
    "reading_small_files": ("read", JOURNAL, ("EIO", "short")),
    "syncing_files": ("fsync", JOURNAL, ("EIO", "ENOSPC")),
    "cutting_files": ("ftruncate", JOURNAL, ("ENOSPC", "EIO")),
    "locks_of_the_database": ("lock", JOURNAL, ("ENOLCK", "EAGAIN", "EINTR", "EIO")),
    "locks_of_open_files": ("ofd", ANYWHERE, ("ENOLCK", "EAGAIN", "EINTR", "EINVAL")),
    "locks_of_whole_files": ("flock", ANYWHERE, ("ENOLCK", "EAGAIN", "EINTR", "EOPNOTSUPP")),
    "mapping_files": ("map", JOURNAL, ("ENOMEM", "ENODEV", "EACCES")),
    "removing_files": ("unlink", JOURNAL, ("EACCES", "EIO")),
    "renaming_files": ("rename", JOURNAL, ("EACCES", "EIO", "ENOSPC")),
    "making_folders": ("mkdir", JOURNAL, ("EACCES", "ENOSPC")),
    "looking_at_paths": ("stat", JOURNAL, ("EIO", "EACCES")),
    "looking_at_files": ("fstat", JOURNAL, ("EIO",)),
    "making_sockets": ("socket", ANYWHERE, ("EMFILE", "ENOBUFS", "EACCES")),
    "setting_sockets": ("setsockopt", SOCKET, ("ENOPROTOOPT", "EINVAL", "ENOBUFS")),
    "asking_sockets": ("getsockopt", SOCKET, ("ENOBUFS", "EINVAL")),
    "names_of_peers": ("getpeername", SOCKET, ("ENOTCONN", "ENOBUFS")),
    "names_of_sockets": ("getsockname", SOCKET, ("ENOBUFS", "EINVAL")),
    "connecting": ("connect", SOCKET, ("ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EINTR", "EADDRNOTAVAIL")),
    "sending": ("send", SOCKET, ("ECONNRESET", "EPIPE", "EINTR", "EAGAIN", "ENOBUFS", "short")),
    "receiving": ("recv", SOCKET, ("ECONNRESET", "EINTR", "EAGAIN", "ETIMEDOUT", "ENOMEM", "short")),
    "polling": ("poll", ANYWHERE, ("EINTR", "ENOMEM", "EINVAL")),
    "printing": ("write", OUTPUT, ("EPIPE", "EIO", "EAGAIN", "ENOSPC", "short")),
}
# How many of the faults of one kind are tried without --all.
SAMPLE = 5


def prepared(attack):
    """Makes a journal with one sale, and returns its folder, to be copied."""
    folder = attack.folder / "prepared"
    folder.mkdir()
    attack.must(
        attack.pay("9.00", Terminal(), "before", journal=folder / "journal.db"), "approved", "the first sale of the journal"
    )
    return folder


class Scene:
    """A payment at a terminal that approves, in a copy of the journal or without one."""

    def __init__(self, attack, folder, number, fresh, situation=""):
        self.attack, attack.situation = attack, situation
        self.folder = attack.folder / f"scene-{number}"
        if fresh:
            self.folder.mkdir()
        else:
            shutil.copytree(folder, self.folder)
        self.journal, self.terminal = self.folder / "journal.db", Terminal(approve)

    def pay(self, env=None):
        return self.attack.start_pay("25.00", self.terminal, "sale", "--timeout", "4", journal=self.journal, env=env or {})

    def judge(self, run):
        """Holds the run, the same id again without faults, and the journal against the ledger."""
        attack = self.attack
        time.sleep(0.1)
        charged = len(self.terminal.charges)
        if not run.killed:
            attack.expect(run.code in (0, 3) if charged else run.code != 0, f"charged {charged} times, and {run.summary()}")
            if run.outcome == "not_sent":
                attack.expect(charged == 0, "not sent, and charged")
        again = attack.finish(self.pay())
        attack.promise(self.terminal, [run], again=again)
        if not charged and run.outcome in ("not_sent", "blocked") and run.reason not in ("unresolved", "interrupted"):
            attack.expect(again.outcome in ("approved", "unknown"), f"the same id after {run.summary()}: {again.summary()}")
        attack.expect("sale" in (attack.entries(self.journal) or {}), f"the journal does not contain the sale: {again.summary()}")
        attack.situation = ""
        shutil.rmtree(self.folder)


def counts(attack, folder, call, path, fresh):
    """How many calls of this kind a payment without faults makes."""
    scene = Scene(attack, folder, f"count-{fresh}", fresh)
    file = attack.folder / f"counts-{fresh}"
    run = attack.finish(scene.pay(attack.faults(FAULTS_COUNTS=file, FAULTS_COUNTS_PATH=path)))
    attack.must(run, "approved", "a payment without faults")
    return int(dict(line.split() for line in file.read_text().splitlines()).get(call, 0))


def enumerate_faults(attack, name, call, path, ways):
    folder, chance = prepared(attack), random.Random(f"{attack.seed} {name}")
    faults = [
        (fresh, number, way)
        for fresh in (False, True)
        for number in range(1, counts(attack, folder, call, path, fresh) + 1)
        for way in ways
    ]
    if not faults:
        raise NotRun(f"a payment makes no such call (`{call}`)")
    attack.note = f"{len(faults)} faults"
    if not attack.everything:
        attack.note = f"{min(SAMPLE, len(faults))} of {len(faults)} faults"
        faults = chance.sample(faults, min(SAMPLE, len(faults)))
    outcomes = Counter()
    for index, (fresh, number, way) in enumerate(faults):
        action = way if way == "short" else f"errno={getattr(errno, way)}"
        scene = Scene(attack, folder, index, fresh, f"{call} number {number}, {way}{', a new journal' * fresh}")
        run = attack.finish(scene.pay(attack.faults(f"call={call},nth={number},path={path},{action}")))
        outcomes[run.outcome or f"exit code {run.code}"] += 1
        scene.judge(run)
    attack.note += "; " + ", ".join(f"{outcome} {times}" for outcome, times in sorted(outcomes.items()))


def register(name, call, path, ways):
    def attacked(attack):
        enumerate_faults(attack, name, call, path, ways)

    attacked.__doc__ = f"Each `{call}` of a payment on {path or 'anything'} fails once ({', '.join(ways)}), or a sample of them."
    attacked.__name__ = name
    case("faults", limit=90)(attacked)


for _name, _arguments in CALLS.items():
    register(_name, *_arguments)


@case("faults", limit=90)
def always_failing(attack):
    """A kind of call that fails from one moment on, and not only once: the same promises."""
    folder, chance = prepared(attack), random.Random(attack.seed)
    calls = ["fsync", "pwrite", "pread", "lock", "open", "map", "stat", "fstat", "recv", "write", "setsockopt"]
    rules = [
        f"call={call},from={number},errno={code},path={path}"
        for call in calls
        for number in (1, 2, 3, 5, 8)
        for code in (errno.EIO, errno.ENOSPC)
        for path in ((SOCKET,) if call in ("recv", "setsockopt") else (JOURNAL,))
    ]
    rules += [f"call={call},after=send,errno=5,path={JOURNAL}" for call in calls[:8]]
    for index, rule in enumerate(rules if attack.everything else chance.sample(rules, 10)):
        scene = Scene(attack, folder, index, False, rule)
        scene.judge(attack.finish(scene.pay(attack.faults(rule, CLOCK_SPEED=5))))


@case("kills", limit=90)
def killed_at_a_system_call(attack):
    """SIGKILL just before any system call of a payment: the id again is charged once in all, and never told otherwise."""
    folder, chance = prepared(attack), random.Random(attack.seed)
    kinds = [
        ("send", SOCKET),
        ("recv", SOCKET),
        ("pwrite", JOURNAL),
        ("fsync", JOURNAL),
        ("lock", JOURNAL),
        ("write", OUTPUT),
        ("setsockopt", SOCKET),
    ]
    moments = [(call, path, number) for call, path in kinds for number in range(1, counts_once(attack, folder, call, path) + 1)]
    for index, (call, path, number) in enumerate(moments if attack.everything else chance.sample(moments, min(14, len(moments)))):
        scene = Scene(attack, folder, index, False, f"killed before {call} number {number}")
        run = scene.pay(attack.faults(f"call={call},nth={number},path={path},kill={int(signal.SIGKILL)}"))
        run.killed = True
        run.finish(30)
        attack.expect(run.code == -signal.SIGKILL, f"the process was not killed, {run.summary()}")
        scene.judge(run)


def counts_once(attack, folder, call, path):
    number = counts(attack, folder, call, path, False)
    shutil.rmtree(attack.folder / "scene-count-False", ignore_errors=True)
    return number


def killed_at_random(attack, times, sent):
    folder, chance = prepared(attack), random.Random(f"{attack.seed} {sent}")
    for index in range(times * (10 if attack.everything else 1)):
        scene = Scene(attack, folder, index, chance.random() < 0.3, f"number {index}")
        scene.terminal.scripts = [approve_after(0.2), approve]
        run = scene.pay()
        if sent:
            scene.terminal.wait_for_request(10)
        time.sleep(chance.random() * (0.5 if sent else 0.3))
        if run.code is None:
            run.signal(signal.SIGKILL)
        run.finish(20)
        time.sleep(0.25)
        scene.judge(run)


@case("kills", limit=90)
def killed_at_random_moments(attack):
    """SIGKILL at random moments from the start: the id again is charged once in all, and never told otherwise."""
    killed_at_random(attack, 12, False)


@case("kills", limit=90)
def killed_at_random_moments_after_the_request(attack):
    """SIGKILL at random moments after the request arrived: never charged again, and never told otherwise."""
    killed_at_random(attack, 12, True)


@case("kills", limit=90)
def stopped_at_random_moments(attack):
    """SIGSTOP and SIGCONT at random moments: approved, whatever the moment."""
    folder, chance = prepared(attack), random.Random(attack.seed)
    for index in range(8 * (10 if attack.everything else 1)):
        scene = Scene(attack, folder, index, chance.random() < 0.3, f"number {index}")
        scene.terminal.scripts = [approve_after(0.2)]
        run = scene.pay()
        time.sleep(chance.random() * 0.4)
        if run.code is None:
            run.signal(signal.SIGSTOP)
            time.sleep(1)
            run.signal(signal.SIGCONT)
        attack.finish(run)
        attack.must(run, "approved")
        scene.judge(run)


@case("kills", limit=90)
def signals_at_random_moments(attack):
    """One, two or three signals at random moments: an outcome that the ledger confirms, and never charged again."""
    folder, chance = prepared(attack), random.Random(attack.seed)
    for index in range(10 * (10 if attack.everything else 1)):
        scene = Scene(attack, folder, index, False, f"number {index}")
        scene.terminal.scripts = [approve_after(0.2), approve]
        run = scene.pay()
        run.wait_for("connecting", 5)
        time.sleep(chance.random() * 0.6)
        for _ in range(chance.choice((1, 2, 3))):
            if run.code is None:
                run.signal(chance.choice((signal.SIGINT, signal.SIGTERM)))
                time.sleep(chance.random() * 0.1)
        attack.finish(run)
        time.sleep(0.3)
        scene.judge(run)
