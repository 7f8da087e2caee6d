"""Addresses with a port, as people write where something listens."""

import ipaddress
import re


def split_endpoint(text: str) -> tuple[str, int]:
    """Reads "192.0.2.1:2055" or "[::]:2055" as address and port; ValueError says how to write it."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"\d{1,5}", port) or int(port) > 0xFFFF:
        raise ValueError('write an address and a port, like "127.0.0.1:2055" or "[::]:2055"')
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        raise ValueError('write an address, not a name, like "127.0.0.1:2055" or "[::]:2055"') from None
