"""What went over the line, in words: `ENQ <body> EOT`; a frame with a wrong check byte is `<body>!`."""

import errno
import termios
from functools import reduce

import serial

CONTROLS = {0x04: "EOT", 0x05: "ENQ", 0x06: "ACK", 0x15: "NAK"}
STX, ETX = 0x02, 0x03


class Tapped(serial.Serial):
    """A port that remembers what its program read and wrote.

    A pseudo-terminal carries eight bits, whatever is set: the parity of a program that sets it (7E1) is added here, as the
    port's chip does. Linux answers the second attempt to set it with EINVAL, which would be the end of every payment.
    """

    def __init__(self, *arguments, **named):
        self.written, self.got = bytearray(), bytearray()
        super().__init__(*arguments, **named)

    def read(self, size=1):
        data = super().read(size)
        self.got += data
        return data

    def write(self, data):
        count = super().write(bytes(map(with_parity, data)) if self.parity == serial.PARITY_EVEN else data)
        self.written += data[:count]
        return count


    def _reconfigure_port(self, force_update=False):
        try:
            super()._reconfigure_port(force_update)
        except termios.error as error:
            if error.args[0] != errno.EINVAL or self.parity == serial.PARITY_NONE:
                raise


def with_parity(byte):
    """Seven bits and the eighth that makes their sum even."""
    return byte | (byte.bit_count() % 2) << 7


def words(data):
    """The bytes of one direction as words."""
    said, rest = [], bytes(data)
    while rest:
        end = rest.find(ETX)
        if rest[0] == STX and 0 < end < len(rest) - 1:
            right = reduce(lambda check, byte: check ^ byte, rest[1 : end + 1]) == rest[end + 1]
            said.append("<" + rest[1:end].decode("ascii") + ">" + ("" if right else "!"))
            rest = rest[end + 2 :]
        else:
            said.append(CONTROLS.get(rest[0], f"{rest[0]:02x}"))
            rest = rest[1:]
    return " ".join(said)
