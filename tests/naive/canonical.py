"""RFC 8785 written from its text, one character at a time and with nothing of ours."""

from hashlib import sha256

SHORT = {8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '"', 92: "\\"}


def canonical(value: object) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return digits(value)
    if isinstance(value, str):
        return '"' + "".join(character(one) for one in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    assert isinstance(value, dict)
    members = sorted(value.items(), key=lambda member: code_units(member[0]))
    return "{" + ",".join(canonical(key) + ":" + canonical(item) for key, item in members) + "}"


def character(one: str) -> str:
    number = ord(one)
    if number in SHORT:
        return "\\" + SHORT[number]
    if number < 0x20:
        return "\\u00" + "0123456789abcdef"[number // 16] + "0123456789abcdef"[number % 16]
    return one


def code_units(key: str) -> list[int]:
    """The UTF-16 code units of a text."""
    units = []
    for one in key:
        number = ord(one)
        if number > 0xFFFF:
            units += [0xD800 + (number - 0x10000) // 0x400, 0xDC00 + (number - 0x10000) % 0x400]
        else:
            units.append(number)
    return units


def digits(number: int) -> str:
    if number < 0:
        return "-" + digits(-number)
    return (digits(number // 10) if number > 9 else "") + "0123456789"[number % 10]


def leaf_hash(value: object) -> bytes:
    """What the ledger holds for a fact given as plain values."""
    return sha256(b"\x00" + canonical(value).encode()).digest()
