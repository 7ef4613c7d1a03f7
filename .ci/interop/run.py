#!/usr/bin/env python3
"""Programs from PyPI against ours: `run.py CAISSE FAKE_TERMINAL`, with the paths of our binary and of the tests of
pyTeliumManager in which its fake terminal stands. Ends with 1 when anything was not as expected."""

import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import fake_terminal
from scenarios import SCENARIOS
from terminal import VirtualTerminal
from tills import Postelium, TeliumManager

# They wait more than they work.
AT_ONCE = 4


class Report:
    """What was checked in one scenario."""

    def __init__(self, name):
        self.name, self.checks, self.failures = name, 0, []

    def check(self, what, saw, expected):
        self.checks += 1
        if saw != expected:
            self.failures.append(f"{what}\n      saw      {saw!r}\n      expected {expected!r}")


def wait_until_told(terminal, within=20.0):
    """Knocks until the terminal grants the line: a result that nobody takes is told three times."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        till = TeliumManager(terminal.path)
        granted = till.is_ok()
        till.close()
        if granted:
            return
        time.sleep(0.5)
    raise AssertionError("the terminal grants the line no more")


def next_till(report, terminal, turn, settles):
    """Whatever happened: the next till is served, by a terminal that does nothing unusual any more."""
    terminal.control("DELETE", "/faults")
    terminal.control("PUT", "/answer", {"answer": "approve"})
    terminal.control("PUT", "/times", {"manual_card": False})
    terminal.wait_until_idle()
    if settles:
        wait_until_told(terminal)
    if turn % 2:
        report.check("the next till, pypostelium", Postelium(terminal.path).pay(77.01), True)
    else:
        till = TeliumManager(terminal.path)
        report.check("the next till, pyTeliumManager", till.pay(77.01)[:2], (0, True))
        till.close()
    terminal.wait_for("charged", amount_minor=7701)


def play(caisse, turn, name, arguments, money, settles, action):
    report, terminal = Report(name), None
    try:
        terminal = VirtualTerminal(caisse, ["--dialect", "concert-e-plus", *arguments])
        action(SimpleNamespace(terminal=terminal, path=terminal.path, check=report.check))
        report.check("the terminal moved", terminal.money(), money)
        next_till(report, terminal, turn, settles)
        report.check("with the next till's", terminal.money(), [*money, ("charged", "debit", 7701)])
        ledger = terminal.control("GET", "/ledger")["movements"]
        report.check("its ledger", [it["amount_minor"] for it in ledger], [it[2] for it in terminal.money()])
    except Exception:
        report.failures.append(traceback.format_exc())
    if terminal:
        report.check("the terminal's exit code", terminal.stop(), 0)
    return report


def main():
    caisse, fake = sys.argv[1:]
    began = time.monotonic()
    # In this thread, before the others: the fake terminal is a thread of this process.
    reports = [fake_terminal.play(Report("caisse pay at pyTeliumManager's fake terminal"), caisse, fake)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(play, caisse, turn, *it) for turn, it in enumerate(SCENARIOS)]
        reports += [job.result() for job in jobs]
    for report in reports:
        print("ok  " if not report.failures else "FAIL", report.name, f"({report.checks})")
        for failure in report.failures:
            print("   ", failure)
    failed = sum(bool(report.failures) for report in reports)
    checks = sum(report.checks for report in reports)
    print(f"{len(reports)} scenarios, {checks} checks, {failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
