"""A second network namespace for terminals, joined by a cable that can be pulled. For cases with `network=True`."""

import ctypes
import os
import queue
import socket
import threading

from suite import NotRun, shell

CLONE_NEWNET = 0x40000000
HERE, THERE = "10.9.0.1", "10.9.0.2"


class Cable:
    """Two ends: `here` in this namespace (10.9.0.1), `there` in the terminals' (10.9.0.2)."""

    def __init__(self):
        self.wanted, self.made = queue.Queue(), queue.Queue()
        threading.Thread(target=self._far_side, daemon=True).start()
        namespace = self.made.get(timeout=10)
        if namespace is None:
            raise NotRun("no second network namespace")
        self.namespace = f"/proc/{os.getpid()}/fd/{namespace}"
        shell("ip link add here type veth peer name there")
        shell(f"ip link set there netns {self.namespace}")
        shell(f"ip addr add {HERE}/24 dev here && ip link set here up")
        self.there(f"ip addr add {THERE}/24 dev there")
        self.plug()

    def _far_side(self):
        """A thread in a namespace of its own. A socket stays in the namespace in which it was made."""
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            self.made.put(None)
            return
        self.made.put(os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY))
        while True:
            host, port = self.wanted.get()
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(50)
            self.made.put(listener)

    def listener(self, host=THERE, port=8888):
        """Returns a listening socket of the far side, for a `Terminal`."""
        self.wanted.put((host, port))
        return self.made.get(timeout=10)

    def there(self, command):
        shell(f"nsenter --net={self.namespace} {command}")

    def pull(self):
        """Pulls the cable at the far end: what is sent here is lost without an error."""
        self.there("ip link set there down")

    def plug(self):
        self.there("ip link set there up")
        self.there("ip link set lo up")
