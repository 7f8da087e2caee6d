"""The plain twin of tidegate.kernels.sflow: one reader over bytes, one dictionary a row."""

from struct import unpack

from tests.naive import headers


class Wrong(Exception):
    """The datagram is refused whole."""


class Reader:
    """Numbers and opaque bytes in XDR, one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def take(self, count: int) -> bytes:
        if count > len(self.data):
            raise Wrong
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def opaque(self, count: int) -> bytes:
        """`count` bytes and their padding, as far as it is there."""
        taken = self.take(count)
        self.data = self.data[-count % 4 :]
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4))

    def numbers(self, count: int) -> tuple[int, ...]:
        return unpack(f">{count}I", self.take(4 * count))


def decode_sflow5(datagram: bytes) -> dict:
    """Rows and counts, or Wrong."""
    reader = Reader(datagram)
    version, kind = reader.numbers(2)
    if version != 5 or kind not in (1, 2):
        raise Wrong
    agent = reader.take(4 if kind == 1 else 16)
    sub_agent, sequence, uptime_ms, samples = reader.numbers(4)
    told = {"agent": agent, "sub_agent": sub_agent, "sequence": sequence, "uptime_ms": uptime_ms}
    rows: list[dict[str, int]] = []
    counted = {"counter": 0, "discard": 0, "not_ip": 0}
    for _ in range(samples):
        kind, length = reader.numbers(2)
        sample = Reader(reader.opaque(length))
        if kind in (1, 3):
            row = flow_sample(sample, expanded=kind == 3)
            if row is None:
                counted["not_ip"] += 1
            else:
                rows.append(row)
        elif kind in (2, 4):
            counted["counter"] += 1
        elif kind == 5:
            counted["discard"] += 1
    if len(reader):
        raise Wrong
    return told | {"rows": rows} | counted


def flow_sample(sample: Reader, *, expanded: bool) -> dict[str, int] | None:
    if expanded:
        _, kind, source, rate, _, _, *interfaces, records = sample.numbers(11)
    else:
        _, source, rate, _, _, incoming, outgoing, records = sample.numbers(8)
        kind, source = source >> 24, source & 0xFF_FFFF
        interfaces = [incoming >> 30, incoming & 0x3FFF_FFFF, outgoing >> 30, outgoing & 0x3FFF_FFFF]
    found, src_as, dst_as = None, 0, 0
    for _ in range(records):
        form, length = sample.numbers(2)
        record = Reader(sample.opaque(length))
        if form == 1003:
            src_as, dst_as = gateway(record)
        elif found is None and form == 1:
            found = raw_header(record)
        elif found is None and form == 3:
            found = sampled_ip(record, 4)
        elif found is None and form == 4:
            found = sampled_ip(record, 16)
    if len(sample):
        raise Wrong
    if found is None:
        return None
    input_if, output_if = interface(*interfaces[:2]), interface(*interfaces[2:])
    sampler = source if kind == 0 else 0
    return found | {
        "packets": 1,
        "sampling_rate": rate,
        "input_if": input_if,
        "output_if": output_if,
        "direction": direction(sampler, input_if, output_if, several=interfaces[2] == 2),
        "src_as": src_as,
        "dst_as": dst_as,
    }


def direction(sampler: int, input_if: int, output_if: int, *, several: bool) -> int:
    if sampler and sampler == input_if:
        return 1
    if sampler and (sampler == output_if or (several and input_if)):
        return 2
    return 0


def interface(kind: int, value: int) -> int:
    return 0 if kind or value in (0x3FFF_FFFF, 0xFFFF_FFFF) else value


def raw_header(record: Reader) -> dict[str, int] | None:
    protocol, frame_bytes, stripped, length = record.numbers(4)
    frame = record.take(length)
    packet = {
        1: headers.in_ethernet,
        7: headers.in_ppp,
        11: lambda frame: frame,
        12: lambda frame: frame,
        13: lambda frame: headers.behind(0x8847, frame),
        14: headers.in_ppp,
    }.get(protocol, lambda _: None)(frame)
    if packet is None:
        return None
    row, ip_bytes = headers.ip(packet)
    if not row["family"]:
        return None
    link_bytes = len(frame) - len(packet)
    return row | {"bytes": ip_bytes or max(frame_bytes - stripped - link_bytes, 0)}


def sampled_ip(record: Reader, size: int) -> dict[str, int]:
    ip_bytes, protocol = record.numbers(2)
    addresses = [record.take(size), record.take(size)]
    src_port, dst_port, flags, _ = record.numbers(4)
    row = dict(headers.NOTHING)
    for name, address in zip(("src", "dst"), addresses, strict=True):
        mapped = address if size == 16 else b"\0" * 10 + b"\xff\xff" + address
        row[f"{name}_high"], row[f"{name}_low"] = unpack(">QQ", mapped)
    row |= {"family": 4 if size == 4 else 6, "protocol": protocol & 0xFF, "bytes": ip_bytes}
    if protocol & 0xFF in (6, 17, 33, 132, 136):
        row |= {"src_port": src_port & 0xFFFF, "dst_port": dst_port & 0xFFFF, "has_ports": 1}
    if protocol & 0xFF == 6:
        row["tcp_flags"] = flags & 0xFF
    return row


def gateway(record: Reader) -> tuple[int, int]:
    source = 0
    try:
        record.take({1: 4, 2: 16}.get(record.number(), 0))
        _, source, _, segments = record.numbers(4)
        last = 0
        for _ in range(segments):
            _, count = record.numbers(2)
            path = [record.number() for _ in range(count)]
            last = path[-1] if path else last
    except Wrong:
        return source, 0
    return source, last
