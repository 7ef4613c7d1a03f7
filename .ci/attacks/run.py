#!/usr/bin/env python3
"""The suite of attacks from outside: `run.py CAISSE`. The README describes it. Exit code 0 when every case is right and no
kind has fewer cases than its floor."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import k1_evidence, k1_identity, k2_values, k3_accounts, k3_files, k3_replaced, k4_arrivals, k5_answers, k6_limits  # noqa: E401,E402
import k6_network, k6_readers, k6_virtual, other_commands, k7_corrections, k7_disputes, latency, system_calls, tips  # noqa: E401,E402,F401
from suite import CASES, Attack, NotRun, claim  # noqa: E402

# The fewest cases of each kind that have to run. Of the faults, some are in calls that a payment need not make.
FLOORS = {
    "K1": 28,
    "K2": 26,
    "K3": 38,
    "K4": 18,
    "K5": 28,
    "K6": 49,
    "K7": 30,
    "faults": 21,
    "kills": 6,
    "latency": 16,
    "tips": 11,
}
RIGHT, BREACH, NOT_RUN = "RIGHT", "BREACH", "NOT RUN"


def arguments():
    parser = argparse.ArgumentParser(description="Attacks the command from outside.")
    parser.add_argument("caisse", type=Path, help="the command to attack")
    parser.add_argument(
        "--only", action="append", default=[], metavar="KIND", help="a kind (K3) or a case (K3.a_hard_link); may be repeated"
    )
    parser.add_argument("--jobs", type=int, default=12, help="cases at a time (most of them wait)")
    parser.add_argument("--all", action="store_true", help="every system call, not a sample")
    parser.add_argument("--seed", type=int, default=13, help="where chance begins")
    parser.add_argument("--list", action="store_true", help="list the cases and exit")
    parser.add_argument("--inside", metavar="CASE", help=argparse.SUPPRESS)
    parser.add_argument("--shim", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def inside(options):
    """Runs one case in this process, and prints its result as JSON."""
    function = CASES[options.inside]
    if function.network:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    attack = Attack(options.caisse, options.folder, options.shim, options.seed, options.all)
    status = BREACH
    try:
        function(attack)
        attack.expect(attack.checks, "the case checked nothing")
    except NotRun as reason:
        status, attack.breaches = NOT_RUN, [str(reason)]
    except Exception:
        attack.breaches.append("the case failed: " + traceback.format_exc(limit=-2))
    if status != NOT_RUN and not attack.breaches:
        status = RIGHT
    note = attack.note or f"{attack.checks} checks"
    print(json.dumps({"status": status, "breaches": attack.breaches, "note": note}), flush=True)
    # Threads of terminals may be in a wait.
    os._exit(0)


def can_separate():
    """Whether this account can make the namespaces that some cases need."""
    probe = "ip link add attack0 type veth peer name attack1"
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "--net", "--mount", "sh", "-c", probe], capture_output=True).returncode == 0
    )


def play(function, options, shim, separate):
    """Runs one case in a process of its own, with a session of its own that is killed at the end."""
    began = time.monotonic()
    if function.root and os.geteuid() != 0:
        return NOT_RUN, ["needs root"], "not begun", 0.0
    if function.network and not separate:
        return NOT_RUN, ["needs namespaces (root, unshare, iproute2)"], "not begun", 0.0
    # Removed when the process and its mounts are gone. Other accounts work in it.
    folder = shim.parent / function.name
    folder.mkdir()
    folder.chmod(0o755)
    command = [sys.executable, str(HERE / "run.py"), str(options.caisse), "--inside", function.name]
    command += ["--folder", str(folder), "--shim", str(shim), "--seed", str(options.seed), *["--all"] * options.all]
    if function.network:
        command = ["unshare", "--net", "--mount", "--propagation", "private", *command]
    # A file, not a pipe: a process that a case leaves behind would keep a pipe open.
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        limit = function.limit * (20 if options.all else 1)
        try:
            process.wait(limit)
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
        out.seek(0)
        text = out.read().decode("utf-8", "replace")
    shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    if not ended:
        return BREACH, [f"the case did not end within {limit} s"], "cut off", seconds
    try:
        result = json.loads(text.splitlines()[-1])
        return result["status"], result["breaches"], result["note"], seconds
    except (IndexError, ValueError):
        return BREACH, [f"the case broke off: {text[-400:]}"], "broken off", seconds


def report(function, result):
    status, breaches, note, seconds = result
    print(f"{status:7} {function.name}: {claim(function)} ({note}, {seconds:.1f} s)", flush=True)
    for breach, times in list(Counter(breaches).items())[:6]:
        print(f"        {breach}" + (f" ({times} times)" if times > 1 else ""), flush=True)
    return status


def main():
    options = arguments()
    options.caisse = options.caisse.resolve()
    if options.inside:
        inside(options)
    chosen = [
        function
        for function in CASES.values()
        if not options.only or any(function.name == only or function.kind == only for only in options.only)
    ]
    if options.list:
        for function in chosen:
            print(f"{function.name}: {claim(function)}")
        return 0
    if not options.caisse.is_file() or not chosen:
        print("no such command, or no such case", file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        shim = Path(folder) / "faults.so"
        # Some compilers fortify by default: their headers then define the functions that the library replaces.
        flags = ["-O1", "-Wall", "-Wextra", "-U_FORTIFY_SOURCE", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", shim, HERE / "faults.c", "-ldl"], check=True)
        separate = can_separate()
        results = {}
        # The longest first, so that none is left alone at the end.
        together = sorted((one for one in chosen if not one.alone), key=lambda one: -one.limit)
        with ThreadPoolExecutor(max(options.jobs, 1)) as pool:
            jobs = [(function, pool.submit(play, function, options, shim, separate)) for function in together]
            for function, job in jobs:
                results[function] = report(function, job.result())
        for function in (one for one in chosen if one.alone):
            results[function] = report(function, play(function, options, shim, separate))
    return summary(results, options, time.monotonic() - began)


def summary(results, options, seconds):
    failed = False
    print("\nkind        right  breach  not run  floor")
    for kind in sorted({function.kind for function in results}):
        counts = Counter(status for function, status in results.items() if function.kind == kind)
        floor = FLOORS.get(kind, 1) if not options.only or kind in options.only else 1
        few = counts[RIGHT] + counts[BREACH] < floor
        failed |= few or counts[BREACH] > 0
        print(
            f"{kind:10} {counts[RIGHT]:6} {counts[BREACH]:7} {counts[NOT_RUN]:8} {floor:6}"
            + ("  fewer than the floor" if few else "")
        )
    counts = Counter(results.values())
    print(f"{len(results)} cases: {counts[RIGHT]} right, {counts[BREACH]} breaches, {counts[NOT_RUN]} not run, {seconds:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
