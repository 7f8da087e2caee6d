"""The plain twin of the NetFlow v5, v9 and IPFIX decoder: one datagram, record and dictionary at a time."""

import struct
from ipaddress import IPv4Address, IPv6Address

from tests.naive.directions import Directions

DAY_QUARTER_MS = 6 * 3600 * 1000
PORTS = {6, 17, 33, 132, 136}


class Wrong(Exception):
    """The datagram is refused whole."""


class Netflow:
    """What one exporter (one address, one domain) has announced, and how its datagrams become rows."""

    def __init__(self) -> None:
        self.templates: dict[int, tuple[list[tuple[int, int, int]], bool]] = {}
        self.domain_rate = 0
        self.sampler_rates: dict[int, int] = {}
        self.without_template = 0
        self.option_records = 0
        self.not_ip = 0
        self.directions = Directions()

    def decode(self, datagram: bytes, received_ms: int) -> list[dict]:
        (version,) = struct.unpack_from(">H", datagram)
        if version == 5:
            return decode_v5(datagram, received_ms)
        return self.decode_sets(datagram, received_ms, ipfix=version == 10)

    def decode_sets(self, datagram: bytes, received_ms: int, *, ipfix: bool) -> list[dict]:
        if ipfix:
            _, limit, seconds = struct.unpack_from(">HHI", datagram)
            uptime, at = None, 16
        else:
            _, _, uptime, seconds = struct.unpack_from(">HHII", datagram)
            limit, at = len(datagram), 20
        export_ms = seconds * 1000 + 500
        sets = []
        while at + 4 <= limit:
            kind, length = struct.unpack_from(">HH", datagram, at)
            if not ipfix and kind == length == 0 and not any(datagram[at:]):
                break
            if length < 4 or at + length > len(datagram):
                raise Wrong
            sets.append((kind, datagram[at + 4 : at + length]))
            at += length
        for kind, content in sets:
            if kind == (2 if ipfix else 0):
                self.learn(content, ipfix=ipfix)
            elif kind == (3 if ipfix else 1):
                self.learn_options(content, ipfix=ipfix)
        for kind, content in sets:
            if kind >= 256 and self.templates.get(kind, ([], False))[1]:
                for record in split(content, self.templates[kind][0]):
                    self.read_option(record)
        rows = []
        for kind, content in sets:
            if kind < 256:
                continue
            if kind not in self.templates:
                self.without_template += 1
                continue
            fields, options = self.templates[kind]
            records = split(content, fields)
            if options:
                self.option_records += len(records)
                continue
            for record in records:
                row = self.row(record, received_ms, export_ms, uptime, ipfix=ipfix)
                if row is None:
                    self.not_ip += 1
                else:
                    rows.append(row)
        self.directions.mark(rows, received_ms)
        return rows

    def learn(self, content: bytes, *, ipfix: bool) -> None:
        at = 0
        while at + 4 <= len(content):
            identity, count = struct.unpack_from(">HH", content, at)
            if identity == 0:
                return
            if ipfix and count == 0:
                gone = [identity] if identity >= 256 else [i for i, (_, o) in self.templates.items() if not o]
                for i in gone:
                    if i in self.templates and not self.templates[i][1]:
                        del self.templates[i]
                at += 4
                continue
            fields, at = read_fields(content, at + 4, count, ipfix=ipfix)
            self.templates[identity] = fields, False

    def learn_options(self, content: bytes, *, ipfix: bool) -> None:
        at = 0
        while at + 6 <= len(content):
            identity, one, two = struct.unpack_from(">HHH", content, at)
            if identity == 0:
                return
            count = one if ipfix else (one + two) // 4
            scopes = two if ipfix else one // 4
            fields, at = read_fields(content, at + 6, count, ipfix=ipfix)
            # Scope types of NetFlow v9 are no elements: keep their lengths only.
            if not ipfix:
                fields = [(-1, 0, n) if i < scopes else (e, p, n) for i, (e, p, n) in enumerate(fields)]
            self.templates[identity] = fields, True

    def read_option(self, record: list[tuple[int, int, bytes]]) -> None:
        values = {e: int.from_bytes(v) for e, p, v in reversed(record) if p == 0 and 0 < len(v) <= 8}
        rate = rate_of(values)
        if rate:
            sampler = values.get(48) or values.get(302)
            if sampler:
                self.sampler_rates[sampler] = rate
            else:
                self.domain_rate = rate

    def row(self, record, received_ms, export_ms, uptime, *, ipfix) -> dict | None:
        values: dict[int, bytes] = {}
        for element, enterprise, value in record:
            if enterprise == 0 and value:
                values.setdefault(element, value)
        number = {e: int.from_bytes(v) for e, v in values.items() if len(v) <= 8}
        addresses = address_pair(values, number)
        if addresses is None:
            return None
        family, source, destination = addresses
        protocol = first_of(number, 4, 193) & 0xFF
        if not {4, 193} & number.keys():
            icmp_elements = {32, 176, 177} if family == 4 else {139, 178, 179}
            protocol = (1 if family == 4 else 58) if icmp_elements & number.keys() else 0
        end, start = times(number, received_ms, export_ms, uptime, ipfix=ipfix)
        ports = [first_of(number, *e) & 0xFFFF for e in ((7, 180, 182), (11, 181, 183))]
        row = {
            "family": family,
            "source": source,
            "destination": destination,
            "bytes": first_of(number, 1, 231, 23, 85, 171),
            "packets": first_of(number, 2, 298, 24, 86, 172),
            "protocol": protocol,
            "tcp_flags": number.get(6, 0) & 0xFF,
            "input_if": first_of(number, 10, 252) & 0xFFFFFFFF,
            "output_if": first_of(number, 14, 253) & 0xFFFFFFFF,
            "src_as": number.get(16, 0) & 0xFFFFFFFF,
            "dst_as": number.get(17, 0) & 0xFFFFFFFF,
            "fragment": 2 if number.get(88, 0) & 0x1FFF else 1 if number.get(197, 0) & 0x20 else 0,
            "end_ms": end,
            "start_ms": start,
            "sampling_rate": self.rate(number),
            "direction": {0: 1, 1: 2}.get(number.get(61, -1), 0),
        }
        row |= transport(protocol, ports, icmp_value(number, protocol))
        return row

    def rate(self, number: dict[int, int]) -> int:
        own = rate_of(number)
        if own:
            return own
        named = number.get(48, number.get(302))
        if named:
            if named in self.sampler_rates or self.sampler_rates:
                return self.sampler_rates.get(named, 0)
            return self.domain_rate
        if self.domain_rate or named == 0:
            return self.domain_rate
        agreed = set(self.sampler_rates.values())
        return agreed.pop() if len(agreed) == 1 else 0


def first_of(number: dict[int, int], *elements: int) -> int:
    return next((number[e] for e in elements if e in number), 0)


def read_fields(content: bytes, at: int, count: int, *, ipfix: bool) -> tuple[list, int]:
    fields = []
    for _ in range(count):
        element, length = struct.unpack_from(">HH", content, at)
        at += 4
        enterprise = 0
        if ipfix and element & 0x8000:
            (enterprise,) = struct.unpack_from(">I", content, at)
            at += 4
            element &= 0x7FFF
        fields.append((element, enterprise, length))
    return fields, at


def split(content: bytes, fields: list[tuple[int, int, int]]) -> list[list[tuple[int, int, bytes]]]:
    """The records of a data set; what is too short for a record is padding."""
    least = sum(1 if n == 65535 else n for _, _, n in fields)
    records, at = [], 0
    while at + least <= len(content):
        record = []
        for element, enterprise, told in fields:
            length = told
            varies = told == 65535
            if varies:
                if at + 1 > len(content):
                    raise Wrong
                length, at = content[at], at + 1
                if length == 255:
                    if at + 2 > len(content):
                        raise Wrong
                    length, at = int.from_bytes(content[at : at + 2]), at + 2
            if at + length > len(content):
                raise Wrong
            # Numbers and addresses have fixed lengths: what varies is none of ours.
            record.append((-1 if varies else element, enterprise, content[at : at + length]))
            at += length
        records.append(record)
    return records


def address_pair(values, number) -> tuple[int, str, str] | None:
    four = [values.get(e) for e in (8, 12)]
    six = [values.get(e) for e in (27, 28)]
    four = [v if v and len(v) == 4 else None for v in four]
    six = [v if v and len(v) == 16 else None for v in six]
    if not any(four) and not any(six):
        return None
    family = 4 if any(four) else 6
    if any(four) and any(six):
        told = number.get(60, 0)
        family = told if told in (4, 6) else 6 if any(b"".join(v or b"" for v in six)) else 4
    if family == 4:
        return 4, *(str(IPv4Address(v or bytes(4))) for v in four)
    return 6, *(str(IPv6Address(v or bytes(16))) for v in six)


def times(number, received_ms, export_ms, uptime, *, ipfix) -> tuple[int, int]:
    """(end, start) on the receiver's clock."""
    up = ("up", 22, 21)
    forms = [("ms", 152, 153), ("s", 150, 151)]
    forms = [*forms, up] if ipfix else [up, *forms]
    found = [f for f in forms if f[1] in number and f[2] in number] or [
        f for f in forms if f[1] in number or f[2] in number
    ]
    if not found:
        return received_ms, received_ms - min(number.get(161, 0), DAY_QUARTER_MS)
    form, first, last = found[0]
    start, end = number.get(first, number.get(last)), number.get(last, number.get(first))
    if form == "up":
        age = 0 if uptime is None else nearest(uptime - end)
        lasted = nearest(end - start)
    else:
        start, end = (stamp(t, form) for t in (start, end))
        age, lasted = export_ms - end, end - start
    if not -60_000 <= age <= DAY_QUARTER_MS:
        age = 0
    age = max(age, 0)
    if lasted < 0 or age + lasted > DAY_QUARTER_MS:
        lasted = 0
    older = age + lasted
    if 161 in number:
        lasted = min(number[161], DAY_QUARTER_MS)
        if last not in number:
            age = max(older - lasted, 0)
        elif first not in number:
            older = age + lasted
    return received_ms - age, received_ms - older


def nearest(difference: int) -> int:
    """Modulo 2**32, as near to zero as can be."""
    return (difference + 2**31) % 2**32 - 2**31


def stamp(time: int, form: str) -> int:
    if time >= 2**44:
        return -1
    return time * 1000 + 500 if form == "s" else time


def icmp_value(number, protocol) -> int | None:
    if not {32, 139, 176, 177, 178, 179} & number.keys() or protocol not in (1, 58):
        return None
    both, kind, code = (32, 176, 177) if protocol == 1 else (139, 178, 179)
    if both in number:
        return number[both] & 0xFFFF
    return (number.get(kind, 0) & 0xFF) << 8 | number.get(code, 0) & 0xFF


def transport(protocol, ports, icmp) -> dict:
    seen = dict.fromkeys(("src_port", "dst_port", "icmp_type", "icmp_code"), 0)
    if protocol in PORTS:
        seen |= {"src_port": ports[0], "dst_port": ports[1]}
    elif protocol in (1, 58):
        told = icmp or (ports[1] << 8 if ports[1] < 256 else ports[1])
        seen |= {"icmp_type": told >> 8, "icmp_code": told & 0xFF}
    return seen


def rate_of(values: dict[int, int]) -> int:
    """Rules 8 and 9 of tidegate.wire.sampling, without probabilities and populations."""
    rates = [values.get(34, 0), values.get(50, 0)]
    taken, left_out = values.get(305, 0), values.get(306)
    if taken and left_out is not None and (left_out or taken == 1):
        rates.append((2 * (taken + left_out) + taken) // (2 * taken))
    return next((rate for rate in rates if 0 < rate < 2**32), 0)


def decode_v5(datagram: bytes, received_ms: int) -> list[dict]:
    _, count, uptime = struct.unpack_from(">HHI", datagram)
    (sampling,) = struct.unpack_from(">H", datagram, 22)
    if count == 0 or len(datagram) < 24 + 48 * count:
        raise Wrong
    rows = []
    for i in range(count):
        f = struct.unpack_from(">4s4s4sHHIIIIHHBBBBHHBBH", datagram, 24 + 48 * i)
        number = {22: f[7], 21: f[8]}
        end, start = times(number, received_ms, 0, uptime, ipfix=False)
        row = {
            "family": 4,
            "source": str(IPv4Address(f[0])),
            "destination": str(IPv4Address(f[1])),
            "input_if": f[3],
            "output_if": f[4],
            "packets": f[5],
            "bytes": f[6],
            "tcp_flags": f[12],
            "protocol": f[13],
            "src_as": f[15],
            "dst_as": f[16],
            "fragment": 0,
            "end_ms": end,
            "start_ms": start,
            "sampling_rate": sampling & 0x3FFF,
            "direction": 0,
        }
        rows.append(row | transport(f[13], [f[9], f[10]], None))
    return rows
