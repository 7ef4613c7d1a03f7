#!/usr/bin/env python3
"""A test of a till in Python, with nothing but the standard library.

The till here is a toy: one socket, one request, one read. Put your own in its place. Needs `caisse` on the path.
"""

import json
import socket
import subprocess
import urllib.request


def start():
    """Starts a terminal; gives back the process, its address and where it is controlled."""
    process = subprocess.Popen(
        ["caisse", "terminal", "--listen", "tcp://127.0.0.1:0", "--control", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    ready = json.loads(process.stdout.readline())
    host, port = ready["at"].removeprefix("tcp://").rsplit(":", 1)
    return process, (host, int(port)), ready["control"]


def tell(control, method, path, body=None):
    """Says something to the terminal, or asks it."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(control + path, data=data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def toy_till(address, cents):
    """Asks for a debit; gives back AE, or nothing if there was no whole answer."""
    request = f"CZ0040300CJ012012345678901CA00201CB{len(str(cents)):03}{cents}CD0010CE003978"
    with socket.create_connection(address, timeout=10) as line:
        line.sendall(request.encode())
        answer = b""
        while piece := line.recv(4096):
            answer += piece
    fields = answer.decode("latin-1")
    while fields:
        tag, length = fields[:2], int(fields[2:5])
        if tag == "AE":
            return fields[5 : 5 + length]
        fields = fields[5 + length :]
    return None


def main():
    process, address, control = start()
    try:
        tell(control, "PUT", "/answer", {"answer": "approve,decline:04,approve+drop@step=decided"})
        assert toy_till(address, 2500) == "10"
        assert toy_till(address, 2500) == "01"
        # The line breaks when the money has moved: no answer does not mean "not paid".
        assert toy_till(address, 2600) is None
        ledger = tell(control, "GET", "/ledger")
        assert [movement["amount_minor"] for movement in ledger["movements"]] == [2500, 2600], ledger
        print("two customers paid, the till was told of one:", [movement["amount"] for movement in ledger["movements"]])
    finally:
        process.terminate()
        process.wait(timeout=10)


if __name__ == "__main__":
    main()
