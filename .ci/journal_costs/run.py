"""What the size of a journal costs: instructions, peak memory and processor time of commands, by the number of payments.

run.py CAISSE JOURNAL_OF [--payments N[,N...]] [--folder FOLDER] [--csv FILE]

Measures each command with each journal, and fails if one costs more than 1.2 times what it costs with the first, smallest one.
Instructions are counted by valgrind. CAISSE is the command, JOURNAL_OF the program of that name in `benches`.
"""

import argparse
import csv
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading

AT_MOST = 1.2
"""How many times the cost with the smallest journal."""

WARM_UP = 30
"""Payments at the terminal before anything is measured, so that the smallest journal has what the questions ask for."""


def run(command, expected=(0,)):
    """Runs a command, and returns its peak memory in KiB, its processor time in milliseconds and its output."""
    # What Python itself takes would count as memory of a process that it starts.
    with tempfile.NamedTemporaryFile("r") as usage:
        timed = ["time", "--quiet", "-o", usage.name, "-f", "%M", *command]
        before = processor_time()
        ended = subprocess.run(timed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if ended.returncode not in expected:
            raise SystemExit(f"exit code {ended.returncode} of {command}:\n{ended.stdout}")
        return int(usage.read()), round((processor_time() - before) * 1000, 1), ended.stdout


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def instructions(command, expected=(0,)):
    counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    _, _, text = run(counted, expected)
    return int(re.search(r"Collected : (\d+)", text).group(1))


class Terminal:
    """A virtual terminal in a process of its own."""

    def __init__(self, caisse):
        command = [caisse, "terminal", "--listen", "tcp://127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"tcp://[0-9.:]+", line):
                self.address = found.group(0)
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise SystemExit("the virtual terminal does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def commands(caisse, journal, terminal, payments):
    """Each command with its name and its exit codes."""
    pay = [caisse, "pay", "25.00", "--journal", journal, "--terminal", terminal, "--exclusive"]
    credit = [caisse, "pay", "1.00", "--operation", "credit", "--journal", journal, "--terminal", terminal]
    old = f"order-{payments // 2:07}" if payments else "first"
    return {
        "pay": (pay, (0,)),
        "list --unresolved": ([caisse, "journal", journal, "list", "--unresolved"], (0,)),
        "show": ([caisse, "journal", journal, "show", old], (0,)),
        "recover": ([caisse, "journal", journal, "recover", "--terminal", terminal], (0,)),
        "credit": ([*credit, "--original", old, "--by", "Camille", "--because", "returned"], (0,)),
    }


def measure(caisse, journal_of, payments, folder, terminal):
    journal = os.path.join(folder, f"{payments}.db")
    run([journal_of, str(payments), journal])
    if not payments:
        run([caisse, "pay", "25.00", "--journal", journal, "--terminal", terminal, "--id", "first"])
    size = os.path.getsize(journal)
    measured = commands(caisse, journal, terminal, payments)
    for _ in range(WARM_UP):
        run(*measured["pay"])
    rows = []
    for name, (command, expected) in measured.items():
        run(command, expected)
        peak, time, _ = run(command, expected)
        row = {"payments": payments, "command": name, "instructions": instructions(command, expected)}
        rows.append(row | {"peak_kib": peak, "processor_ms": time, "file_bytes": size})
        print(*rows[-1].values(), sep="\t", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("caisse")
    parser.add_argument("journal_of")
    parser.add_argument("--payments", default="0,100000")
    parser.add_argument("--folder", help="where the journals lie; in memory unless given")
    parser.add_argument("--csv")
    given = parser.parse_args()
    sizes = [int(size) for size in given.payments.split(",")]
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    folder = tempfile.mkdtemp(dir=given.folder or memory)
    terminal = Terminal(given.caisse)
    try:
        rows = [
            row
            for size in sizes
            for row in measure(given.caisse, given.journal_of, size, folder, terminal.address)
        ]
    finally:
        terminal.stop()
        shutil.rmtree(folder)
    if given.csv:
        with open(given.csv, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    first = {row["command"]: row for row in rows if row["payments"] == sizes[0]}
    failures = [
        f"{row['command']} with {row['payments']} payments: {row[what]} {what}, {before} with {sizes[0]}"
        for row in rows
        for what in ("instructions", "peak_kib")
        if row[what] > AT_MOST * (before := first[row["command"]][what])
    ]
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
