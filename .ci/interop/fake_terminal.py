"""`caisse pay` at a terminal written elsewhere: the fake device in the tests of pyTeliumManager, which serves one payment."""

import contextlib
import importlib.util
import io
import json
import subprocess
import tempfile
import traceback
from pathlib import Path

AMOUNT, MINOR = "12.34", 1234


def _pay(caisse, address, journal, name):
    command = [caisse, "pay", AMOUNT, "--terminal", address, "--dialect", "concert-e-plus", "--id", name]
    command += ["--journal", str(journal), "--confirm-real-payment", "--timeout", "10", "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=40)


def _outcome(ran):
    """Its last line but for the words."""
    told = json.loads(ran.stdout.splitlines()[-1])
    return told["outcome"], told["approved_amount_minor"], told["currency"]


def play(report, caisse, tests):
    try:
        spec = importlib.util.spec_from_file_location("test_tpe", tests)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        device, printed = module.FakeTeliumDevice(), io.StringIO()
        with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(printed):
            journal, address = Path(directory) / "journal", f"serial:{device.s_name}"
            device.run_instance()
            paid = _pay(caisse, address, journal, "order-1")
            device._fake_device.join(10)
            again = _pay(caisse, address, journal, "order-1")
        # The device prints the request as it read it: it was whole, and there was one.
        report.check("requests that the device saw", printed.getvalue().count("from slave"), 1)
        report.check("the device's amount", f"'_amount': {AMOUNT}" in printed.getvalue(), True)
        report.check("exit code", paid.returncode, 0)
        for what, outcome in [("outcome", _outcome(paid)), ("outcome of the same id again", _outcome(again))]:
            report.check(what, outcome, ("approved", MINOR, "EUR"))
        # The device is gone: what the same id gives comes from the journal.
        report.check("the same id again", again.returncode, 0)
    except Exception:
        report.failures.append(traceback.format_exc())
    return report
