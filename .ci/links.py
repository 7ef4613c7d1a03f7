"""Checks that every relative link in the Markdown files of the repository leads to a file, and to a heading of it where it names one."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def headings(path):
    """The anchors that a forge makes of the headings."""
    lines = re.findall(r"^#+ (.+)$", CODE.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def broken():
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        for link in LINK.findall(CODE.sub("", path.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            found = (path.parent / target) if target else path
            if not found.exists():
                yield f"{name}: {link} leads nowhere"
            elif anchor and found.suffix == ".md" and anchor not in headings(found):
                yield f"{name}: {link} leads to no heading"


if __name__ == "__main__":
    if found := list(broken()):
        sys.exit("\n".join(found))
