"""Compiling templates: which information elements go into which registers, and in which order."""

from dataclasses import dataclass
from functools import lru_cache

from tidegate.kernels import registers
from tidegate.kernels import sampling as rates
from tidegate.kernels.templates import FLOWS, NOT_IP, OPTIONS_COUNTED, OPTIONS_READ, VARIABLE_LENGTH
from tidegate.wire.templates import IPFIX_VERSION, Field, Template

PROGRAMS_KEPT_MAX = 4096
"""Compiled templates kept by their bytes, so that one that comes again is not compiled again."""


@dataclass(frozen=True, slots=True)
class Program:
    """What the kernels do with a record: see TEMPLATE and OP in tidegate.kernels.templates."""

    kind: int
    variable: bool
    record_length: int
    steps: tuple[tuple[int, int, int], ...]  # offset, length, register
    has: int
    time_mode: int
    rate_mode: int
    layer2: bool
    section: int


# Information elements (IANA registry of IPFIX; below 128 the same as the field types of NetFlow v9).
OCTET_DELTA, PACKET_DELTA = 1, 2
SAMPLING_INTERVAL, SAMPLER_ID, SAMPLER_RANDOM_INTERVAL, SELECTOR_ID = 34, 48, 50, 302
PACKET_INTERVAL, PACKET_SPACE, SAMPLING_SIZE, SAMPLING_POPULATION = 305, 306, 309, 310
SAMPLING_PROBABILITY = 311
SYSTEM_INIT_MS = 160
OBSERVATION_DOMAIN = 149
LAYER2_OCTET_DELTA = 352

CHOICES: dict[int, tuple[int, ...]] = {
    # Each register is loaded from the first of these elements that the template has. Counts since the
    # last report come before totals since the flow began, what came in before what went out. The
    # responder's counts (232, 299) and reverse elements (enterprise 29305) belong to the other
    # direction and are read past, as are VLANs, and what NAT made of addresses and ports (225 to 228,
    # 281, 282).
    registers.BYTES: (OCTET_DELTA, 231, 23, 85, 171, LAYER2_OCTET_DELTA),
    registers.PACKETS: (PACKET_DELTA, 298, 24, 86, 172),
    registers.PROTOCOL: (4, 193),
    registers.TCP_FLAGS: (6,),
    registers.SRC_PORT: (7, 180, 182),
    registers.DST_PORT: (11, 181, 183),
    registers.INPUT_IF: (10, 252),
    registers.OUTPUT_IF: (14, 253),
    registers.SRC_AS: (16,),
    registers.DST_AS: (17,),
    registers.ICMP4: (32,),
    registers.ICMP4_TYPE: (176,),
    registers.ICMP4_CODE: (177,),
    registers.ICMP6: (139,),
    registers.ICMP6_TYPE: (178,),
    registers.ICMP6_CODE: (179,),
    # A packet's identification (54) is there with or without fragments, and so tells nothing.
    registers.FRAGMENT_OFFSET: (88,),
    registers.FRAGMENT_FLAGS: (197,),
    registers.IP_VERSION: (60,),
    registers.SAMPLER: (SAMPLER_ID, SELECTOR_ID),
    registers.DIRECTION: (61,),
    registers.DURATION: (161,),
}

RATE_CHOICES = (
    (rates.RATE_INTERVAL, SAMPLING_INTERVAL, None),
    (rates.RATE_INTERVAL, SAMPLER_RANDOM_INTERVAL, None),
    (rates.RATE_SPACE, PACKET_INTERVAL, PACKET_SPACE),
    (rates.RATE_POPULATION, SAMPLING_SIZE, SAMPLING_POPULATION),
    (rates.RATE_PROBABILITY, SAMPLING_PROBABILITY, None),
)
"""How a rate is told, by elements, the clearest first."""

TIME_CHOICES = (
    # (mode, elements of the start, elements of the end); the time of observation stands in for either.
    (registers.TIME_MS, (152, 323), (153, 323)),
    (registers.TIME_NTP, (154, 324), (155, 324)),
    (registers.TIME_NTP, (156, 325), (157, 325)),
    (registers.TIME_BEFORE_EXPORT_US, (158,), (159,)),
    (registers.TIME_SECONDS, (150, 322), (151, 322)),
)
UPTIME_CHOICE = (registers.TIME_UPTIME, (22,), (21,))

SECTIONS = (
    (registers.SECTION_ETHERNET, 315),  # dataLinkFrameSection
    (registers.SECTION_ETHERNET, 104),  # layer2packetSectionData, its forerunner in NetFlow v9
    (registers.SECTION_IP, 313),  # ipHeaderPacketSection
)

SECTION_ELEMENTS = frozenset(element for _, element in SECTIONS)

OF_INTEREST_IN_OPTIONS = frozenset(
    {
        SAMPLING_INTERVAL,
        SAMPLER_RANDOM_INTERVAL,
        PACKET_INTERVAL,
        SAMPLING_SIZE,
        SAMPLING_PROBABILITY,
        SYSTEM_INIT_MS,
    }
)


@lru_cache(PROGRAMS_KEPT_MAX)
def compile_template(template: Template) -> Program:
    """The program of a template's records."""
    variable = any(field.variable for field in template.fields)
    length = sum(1 if field.variable else field.length for field in template.fields)
    if template.options:
        interest = any(f.enterprise == 0 and f.element in OF_INTEREST_IN_OPTIONS for f in template.fields)
        kind = OPTIONS_READ if interest else OPTIONS_COUNTED
        return Program(kind, variable, length, _walk(template.fields, {}), 0, 0, 0, False, 0)
    chosen = _choose(template)
    loads = chosen.loads
    has = sum(1 << register for places in loads.values() for register, _, _ in places)
    addressed = any(has >> register & 1 for register in ADDRESS_REGISTERS)
    kind = FLOWS if addressed or chosen.section else NOT_IP
    steps = _walk(template.fields, loads) if variable else _columns(template.fields, loads)
    return Program(
        kind=kind,
        variable=variable,
        record_length=length,
        steps=steps if kind == FLOWS or variable else (),
        has=has,
        time_mode=chosen.time_mode,
        rate_mode=chosen.rate_mode,
        layer2=chosen.layer2,
        section=0 if addressed else chosen.section,
    )


ADDRESS_REGISTERS = (
    registers.SRC_V4,
    registers.DST_V4,
    registers.SRC_HIGH,
    registers.DST_HIGH,
)

Load = tuple[int, int, int]
"""Register, offset inside the field, bytes."""


class _Choice:
    """Which fields of a template are loaded, and into which registers."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.loads: dict[int, list[Load]] = {}  # field number -> what is loaded from it
        self.time_mode = registers.TIME_NONE
        self.rate_mode = rates.NO_RATE
        self.layer2 = False
        self.section = registers.SECTION_NONE
        # The first field of each element; empty ones say nothing.
        self.places: dict[int, int] = {}
        for number, field in enumerate(template.fields):
            # Numbers and addresses have fixed lengths; only text and octets vary (RFC 7011 section 7).
            fits = not field.variable or field.element in SECTION_ELEMENTS
            if field.enterprise == 0 and field.length and fits:
                self.places.setdefault(field.element, number)

    def number(self, element: int | None) -> int | None:
        """Number of the first field of this element that fits into a register, if there is one."""
        number = self.places.get(element) if element is not None else None
        if number is None or self.template.fields[number].length > 8:
            return None
        return number

    def load(self, number: int, register: int) -> None:
        self.loads.setdefault(number, []).append((register, 0, self.template.fields[number].length))


def _choose(template: Template) -> _Choice:
    choice = _Choice(template)
    for register, elements in CHOICES.items():
        number = next((n for n in map(choice.number, elements) if n is not None), None)
        if number is not None:
            choice.load(number, register)
            if register == registers.BYTES:
                choice.layer2 = template.fields[number].element == LAYER2_OCTET_DELTA
    _choose_addresses(choice)
    _choose_times(choice)
    _choose_rate(choice)
    _choose_section(choice)
    return choice


def _choose_addresses(choice: _Choice) -> None:
    fields = choice.template.fields
    for element, register in ((8, registers.SRC_V4), (12, registers.DST_V4)):
        number = choice.number(element)
        if number is not None and fields[number].length == 4:
            choice.load(number, register)
    for element, register in ((27, registers.SRC_HIGH), (28, registers.DST_HIGH)):
        number = choice.places.get(element)
        if number is not None and fields[number].length == 16:
            choice.loads.setdefault(number, []).extend([(register, 0, 8), (register + 1, 8, 8)])


def _choose_times(choice: _Choice) -> None:
    """Uptimes first in NetFlow v9, whose header tells sysUptime; absolute times first in IPFIX."""
    ipfix = choice.template.version == IPFIX_VERSION
    order = (*TIME_CHOICES, UPTIME_CHOICE) if ipfix else (UPTIME_CHOICE, *TIME_CHOICES)
    found = [
        (mode, _first(choice, starts), _first(choice, ends))
        for mode, starts, ends in order
        if _first(choice, starts) is not None or _first(choice, ends) is not None
    ]
    # A pair is better than one end alone.
    found.sort(key=lambda item: item[1] is None or item[2] is None)
    if not found:
        return
    choice.time_mode, start, end = found[0]
    if start is not None:
        choice.load(start, registers.FIRST)
    if end is not None:
        choice.load(end, registers.LAST)


def _first(choice: _Choice, elements: tuple[int, ...]) -> int | None:
    return next((n for n in map(choice.number, elements) if n is not None), None)


def _choose_rate(choice: _Choice) -> None:
    for mode, first, second in RATE_CHOICES:
        number, other = choice.number(first), choice.number(second)
        if number is None or (second is not None and other is None):
            continue
        choice.rate_mode = mode
        if mode == rates.RATE_PROBABILITY and choice.template.fields[number].length == 4:
            choice.rate_mode = rates.RATE_PROBABILITY_SHORT
        choice.load(number, registers.RATE_FIRST)
        if other is not None:
            choice.load(other, registers.RATE_SECOND)
        return


def _choose_section(choice: _Choice) -> None:
    for section, element in SECTIONS:
        number = choice.places.get(element)
        if number is not None:
            choice.section = section
            length = choice.template.fields[number].length
            choice.loads[number] = [(registers.SECTION_AT, 0, length)]
            return


Step = tuple[int, int, int]


def _columns(fields: tuple[Field, ...], loads: dict[int, list[Load]]) -> tuple[Step, ...]:
    """Steps with offsets from the record's beginning."""
    steps: list[Step] = []
    offset = 0
    for number, field in enumerate(fields):
        steps.extend((offset + at, length, register) for register, at, length in loads.get(number, ()))
        offset += field.length
    return tuple(steps)


def _walk(fields: tuple[Field, ...], loads: dict[int, list[Load]]) -> tuple[Step, ...]:
    """Steps with offsets from the end of the step before, in the order of the fields; covers every byte."""
    steps: list[Step] = []
    gap = 0
    for number, field in enumerate(fields):
        places = loads.get(number, [])
        if field.variable:
            register = places[0][0] if places else registers.SKIP
            steps.append((gap, VARIABLE_LENGTH, register))
            gap = 0
            continue
        passed = 0
        for register, at, length in places:
            if at < passed:
                # A field that two registers share: only the first can be loaded on a walk.
                continue
            steps.append((gap + at - passed, length, register))
            gap, passed = 0, at + length
        gap += field.length - passed
    while gap:
        steps.append((min(gap, VARIABLE_LENGTH - 1), 0, registers.SKIP))
        gap -= steps[-1][0]
    return tuple(steps)
