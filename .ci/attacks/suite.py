"""The cases, and what a case works with."""

import inspect
import os
import subprocess
import tempfile
from pathlib import Path

from command import EXIT_CODES, Run, environment
from terminal import Terminal

CASES = {}
# 70: a fault of the command itself; 74: what was asked for could not be written.
DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 70, 74}


def case(kind, root=False, network=False, alone=False, limit=90):
    """Registers a case. `root`: needs the super-user. `network`: runs in network and mount namespaces of its own (and so
    needs root). `alone`: measures time, and runs while nothing else does. `limit`: seconds until the runner stops the case."""

    def register(function):
        name = f"{kind}.{function.__name__}"
        assert name not in CASES, name
        function.kind, function.name, function.limit = kind, name, limit
        function.root, function.network, function.alone = root or network, network, alone
        CASES[name] = function
        return function

    return register


def claim(function):
    """Returns the first line of the case's documentation."""
    return inspect.getdoc(function).splitlines()[0]


class NotRun(Exception):
    """The case cannot run here."""


class Attack:
    """The room of one case: a folder, a journal, the command, and the list of breaches."""

    def __init__(self, caisse, folder, shim, seed=0, everything=False):
        self.caisse, self.folder, self.shim = caisse, Path(folder), str(shim)
        self.seed, self.everything = seed, everything
        self.journal = self.folder / "journal.db"
        self.checks, self.breaches, self.situation, self.note = 0, [], "", ""

    def expect(self, right, breach):
        """One thing that has to hold; `breach` says what happened where it does not, and `situation` in which of several."""
        self.checks += 1
        if not right:
            self.breaches.append(f"{self.situation}: {breach}" if self.situation else breach)
        return bool(right)

    # The command

    def start(self, *arguments, env=(), user=None, wrapper=(), **options):
        """Starts `caisse`. `env`: more variables; `user`: the number of an account; `wrapper`: a command in front."""
        home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        if user is not None:
            os.chown(home, user, user)
            options |= {"user": user, "group": user, "extra_groups": []}
        command = [*wrapper, self.caisse, *map(str, arguments)]
        return Run(command, environment(home, **dict(env)), cwd=options.pop("cwd", home), **options)

    def finish(self, run, seconds=60):
        """Waits for the end and checks what holds for each command: an end in time, no signal, no panic, an exit code that
        is documented and that goes with the outcome."""
        run.finish(seconds)
        if run.killed:
            return run
        if self.expect(not run.late, f"the command did not end within {seconds} s"):
            self.expect(run.code in DOCUMENTED, f"the command ended with {run.code}: {run.err[-200:]!r}")
        self.expect("panicked" not in run.err, f"the command panicked: {run.err[-300:]!r}")
        if run.last.get("event") == "outcome" and not run.late:
            self.expect(run.code == EXIT_CODES.get(run.outcome), f"{run.outcome} with exit code {run.code}")
        return run

    def run(self, *arguments, seconds=60, **options):
        return self.finish(self.start(*arguments, **options), seconds)

    def run_bytes(self, arguments):
        """Runs `caisse` with arguments that need not be text."""
        return self.finish(Run([os.fsencode(self.caisse), *arguments], environment(tempfile.mkdtemp(dir=self.folder))))

    def pay_words(self, amount, terminal, id, journal, extra):
        address = terminal.address if isinstance(terminal, Terminal) else terminal
        where = ["--terminal", address] if address else []
        named = ["--id", id] if id else []
        return ["pay", amount, "--json", *where, *named, "--journal", journal or self.journal, *extra]

    def start_pay(self, amount, terminal, id=None, *extra, journal=None, **options):
        return self.start(*self.pay_words(amount, terminal, id, journal, extra), **options)

    def pay(self, amount, terminal, id=None, *extra, journal=None, seconds=60, **options):
        return self.finish(self.start_pay(amount, terminal, id, *extra, journal=journal, **options), seconds)

    def entries(self, journal=None):
        """Returns the lines of `journal list` by id; None where the journal cannot be read."""
        run = self.run("journal", journal or self.journal, "list", "--json")
        return {line["id"]: line for line in run.lines if "id" in line} if run.code == 0 else None

    def entry(self, id, journal=None):
        return (self.entries(journal) or {}).get(id, {})

    def show(self, id, journal=None):
        return self.run("journal", journal or self.journal, "show", id, "--json").out

    def recover(self, *extra, journal=None, **options):
        return self.run("journal", journal or self.journal, "recover", "--json", *extra, **options)

    def resolve(self, id, *decision, who="ANNE", journal=None, **options):
        words = [*decision, "--by", who, "--because", "her own eyes", "--json"]
        return self.run("journal", journal or self.journal, "resolve", id, *words, **options)

    def shop(self, journal=None, **terminals):
        """Writes a configuration file and returns its path. Each terminal: an address, or a dictionary of keys."""
        lines = [f'journal = "{journal or self.journal}"']
        for name, keys in terminals.items():
            keys = {"address": keys} if isinstance(keys, str) else keys
            lines.append(f"[terminals.{name}]")
            lines += [
                f"{key} = {str(value).lower()}" if isinstance(value, bool) else f'{key} = "{value}"'
                for key, value in keys.items()
            ]
        path = Path(tempfile.mkdtemp(prefix="shop-", dir=self.folder)) / "caisse.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    # Faults and clocks

    def faults(self, *rules, **variables):
        """Returns the variables that load the shim; the rules are those of faults.c."""
        return {"LD_PRELOAD": self.shim, "FAULTS": ";".join(rules), **{name: str(value) for name, value in variables.items()}}

    def faster(self, times):
        """Returns the variables with which time passes faster in the command."""
        return self.faults(CLOCK_SPEED=times)

    # Judgements

    def charged(self, terminals, minor=2500, operation="debit"):
        terminals = terminals if isinstance(terminals, (list, tuple)) else [terminals]
        return sum(charge.minor == minor and charge.operation == operation for one in terminals for charge in one.charges)

    def promise(self, terminals, runs, minor=2500, again=None):
        """Holds what the runs of one sale reported against the ledger: charged once at most, an approval only with a charge,
        an end without payment only without a charge. `again` is a later run of the same id."""
        count = self.charged(terminals, minor)
        self.expect(count <= 1, f"charged {count} times")
        runs = list(runs) + ([again] if again else [])
        for run in runs:
            if run.outcome == "approved":
                self.expect(count >= 1, "reported as approved, and nothing was charged")
            if run.outcome in ("declined", "cancelled", "not_sent"):
                self.expect(
                    count == 0 or (run.outcome == "not_sent" and run is not runs[-1]),
                    f"reported as {run.outcome} ({run.reason}), and charged",
                )
        if again and any(run.outcome == "approved" for run in runs[:-1]):
            journaled = any(run.outcome == "approved" and run.last.get("journaled") for run in runs[:-1])
            kinds = ("approved",) if journaled else ("approved", "unknown", "blocked")
            self.expect(again.outcome in kinds, f"an approval is reported as {again.summary()} when the id is used again")

    def must(self, run, outcome, what="the payment"):
        """The neighbour that must work, or the outcome that is right."""
        outcomes = outcome if isinstance(outcome, tuple) else (outcome,)
        return self.expect(run.outcome in outcomes, f"{what}: {run.summary()}, expected {' or '.join(outcomes)}")


def shell(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
