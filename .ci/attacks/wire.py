"""The fields of a 3.x message, as bytes: tag, three digits of length, value."""


def encode(*fields):
    """Returns the message that contains these (tag, text) pairs. A value of None leaves its field out."""
    pairs = [(tag, value) for tag, value in fields if value is not None]
    return b"".join(f"{tag}{len(value):03}{value}".encode("latin-1") for tag, value in pairs)


def decode(data):
    """Returns the fields of a message as a dictionary. What follows the last whole field is ignored."""
    fields, at = {}, 0
    while at + 5 <= len(data) and data[at + 2 : at + 5].isdigit():
        size = int(data[at + 2 : at + 5])
        fields[data[at : at + 2].decode("latin-1")] = data[at + 5 : at + 5 + size].decode("latin-1")
        at += 5 + size
    return fields


def offset_after(data, fields):
    """Returns the offset after so many whole fields."""
    at = 0
    for _ in range(fields):
        at += 5 + int(data[at + 2 : at + 5])
    return at


def framed(data, wrong_check_byte=False):
    """Returns the message between STX and check byte."""
    body, check = data + b"\x03", int(wrong_check_byte)
    for byte in body:
        check ^= byte
    return b"\x02" + body + bytes([check])
