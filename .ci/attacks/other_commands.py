"""Faults and kills of the commands beside `pay`: App to App, `resolve` and `recover`."""

import random
import shutil
import signal
import time

from k1_identity import begin_intent, intent_result
from suite import case
from terminal import Terminal, charge_silently

CALLS = ("pwrite", "fsync", "lock", "open", "pread", "map", "stat")
RULES = [
    f"call={call},path=journal,{number},errno={code}"
    for call in CALLS
    for number in ("nth=1", "nth=2", "nth=3", "nth=6", "from=2", "from=5")
    for code in (5, 28)
]


def sample(attack, name, count):
    return RULES if attack.everything else random.Random(f"{attack.seed} {name}").sample(RULES, count)


def copies(attack, rules):
    """For each rule a copy of the folder with the journal as it is now."""
    original = attack.journal
    for number, rule in enumerate(rules):
        folder = attack.folder / f"copy-{number}"
        folder.mkdir()
        for path in original.parent.glob("journal.db*"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
        attack.journal, attack.situation = folder / "journal.db", rule
        yield rule
    attack.journal, attack.situation = original, ""


@case("faults", limit=90)
def beginning_an_app_to_app_payment(attack):
    """A fault while an App to App payment is begun: an intent is printed only if its entry is recorded."""
    begin_intent(attack, "earlier")
    intent_result(attack, "earlier")
    for rule in copies(attack, sample(attack, "begin", 10)):
        words = ("intent", "request", "25.00", "--id", "sale", "--journal", attack.journal, "--terminal-id", "counter", "--json")
        run = attack.run(*words, env=attack.faults(rule, CLOCK_SPEED=5))
        printed = "intent:#Intent" in run.out
        recorded = "sale" in (attack.entries() or {})
        attack.expect(recorded or not printed, "an intent is printed, and the journal does not contain the payment")
        attack.expect(printed == (run.code == 0), f"exit code {run.code}, and {'an' if printed else 'no'} intent printed")


@case("faults", limit=90)
def ending_an_app_to_app_payment(attack):
    """A fault while the result of the app is recorded: an approval is reported as approved, and is not lost where journaled."""
    begin_intent(attack, "sale")
    for rule in copies(attack, sample(attack, "end", 10)):
        env = attack.faults(rule, CLOCK_SPEED=5)
        text = intent_result(attack, "sale", env=env)
        attack.expect(
            text.outcome in ("approved", "blocked", "unknown") or text.code == 6, f"an approval of the app: {text.summary()}"
        )
        if text.outcome == "approved" and text.last.get("journaled"):
            attack.expect(attack.entry("sale").get("outcome") == "approved", "reported as journaled, and lost")
        again = intent_result(attack, "sale")
        attack.must(again, "approved", "the result again, without faults")


def unknown_sale(attack):
    terminal = Terminal(charge_silently)
    attack.must(attack.pay("25.00", terminal, "sale", "--timeout", "1"), "unknown", "a sale without an answer")


@case("faults", limit=90)
def recording_a_decision(attack):
    """A fault while a decision is recorded: success is reported only if the decision is recorded."""
    unknown_sale(attack)
    for rule in copies(attack, sample(attack, "decide", 10)):
        run = attack.resolve("sale", "--paid", env=attack.faults(rule, CLOCK_SPEED=5))
        entry = attack.entry("sale")
        attack.expect(run.code in (0, 6), f"the decision: {run.summary()}")
        attack.expect(run.code != 0 or entry.get("resolved_by"), "reported as decided, and not recorded")
        if entry.get("state") == "unresolved":
            attack.expect(attack.resolve("sale", "--paid").code == 0, "the decision is refused afterwards")


@case("kills", limit=90)
def killed_while_a_person_decides(attack):
    """SIGKILL at random moments of `resolve` and `recover`: the journal stays readable, and the sale is open or decided."""
    unknown_sale(attack)
    chance = random.Random(attack.seed)
    for moment in copies(attack, [f"number {number}" for number in range(100 if attack.everything else 10)]):
        words = ("resolve", "sale", "--paid", "--by", "ANNE", "--because", "x") if chance.random() < 0.7 else ("recover",)
        run = attack.start("journal", attack.journal, *words, "--json")
        time.sleep(chance.random() * 0.06)
        run.signal(signal.SIGKILL)
        run.finish(10)
        entry = attack.entry("sale")
        attack.expect(entry.get("state") in ("unresolved", "final"), f"{moment}: the sale is {entry.get('state')}")
        attack.expect(entry.get("outcome") in ("unknown", "approved"), f"{moment}: the sale is {entry.get('outcome')}")
        if entry.get("state") == "unresolved":
            attack.expect(attack.resolve("sale", "--paid").code == 0, f"{moment}: the decision is refused afterwards")
