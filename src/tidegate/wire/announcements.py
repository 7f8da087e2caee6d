"""What a NetFlow v9 or IPFIX datagram announces: templates, and in options its sampling and clocks."""

from collections.abc import Iterator

from tidegate.kernels.templates import VARIABLE_LENGTH
from tidegate.wire.learned import SYSTEM_INIT_MS_LIMIT, SYSTEM_INIT_MS_MIN, SystemInit
from tidegate.wire.programs import OBSERVATION_DOMAIN, OF_INTEREST_IN_OPTIONS, SYSTEM_INIT_MS
from tidegate.wire.sampling import AnnouncedRate, OptionField, read_announcement
from tidegate.wire.template_table import Templates
from tidegate.wire.templates import IPFIX_VERSION, Template, Withdrawal, read_template_set

OPTION_RECORDS_READ_MAX = 128
"""Options data records of interest that are read in one datagram; more are left unread."""

NETFLOW9_HEADER, IPFIX_HEADER = 20, 16

Announced = Template | Withdrawal | SystemInit | AnnouncedRate | tuple[int, AnnouncedRate]
"""A tuple is a rate announced for another observation domain, named first."""


def read_announcements(
    datagram: bytes, version: int, exporter: int, templates: Templates
) -> Iterator[Announced]:
    """Templates and withdrawals first, wherever they stand in the datagram; then its options.

    The datagram has been surveyed (tidegate.kernels.templates.survey_sets): its sets are whole. The
    caller takes each template in force as it comes, and options are read with those then in force.
    """
    sets = list(_sets(datagram, version))
    template_set, options_set = (2, 3) if version == IPFIX_VERSION else (0, 1)
    for identity, content in sets:
        if identity in (template_set, options_set):
            yield from read_template_set(content, version, identity == options_set)
    left = OPTION_RECORDS_READ_MAX
    for identity, content in sets:
        template = templates.find(exporter, identity) if identity >= 256 else None
        if template is None or not _of_interest(template):
            continue
        for record in _option_records(content, template):
            if not left:
                return
            left -= 1
            yield from _read_options(record, version)
        header = identity.to_bytes(2) + (len(content) + 4).to_bytes(2)
        templates.note_options_read(exporter, identity, header + content)


def _sets(datagram: bytes, version: int) -> Iterator[tuple[int, bytes]]:
    """(id, content) of each set, as far as the survey went."""
    at, limit = NETFLOW9_HEADER, len(datagram)
    if version == IPFIX_VERSION:
        at, limit = IPFIX_HEADER, int.from_bytes(datagram[2:4])
    while at + 4 <= limit:
        identity, length = int.from_bytes(datagram[at : at + 2]), int.from_bytes(datagram[at + 2 : at + 4])
        if length < 4:
            return
        yield identity, datagram[at + 4 : at + length]
        at += length


def _of_interest(template: Template) -> bool:
    return template.options and any(
        field.enterprise == 0 and field.element in OF_INTEREST_IN_OPTIONS for field in template.fields
    )


def _option_records(content: bytes, template: Template) -> Iterator[list[OptionField]]:
    """The fields of each record in an options data set; what is too short for a record is padding."""
    least = sum(1 if field.variable else field.length for field in template.fields)
    at = 0
    while at + least <= len(content):
        record: list[OptionField] = []
        for number, field in enumerate(template.fields):
            length = field.length
            if length == VARIABLE_LENGTH:
                length = content[at] if at < len(content) else 0
                at += 1
                if length == 255:
                    length = int.from_bytes(content[at : at + 2])
                    at += 2
            if at + length > len(content):
                return
            value = content[at : at + length]
            record.append(OptionField(field.element, field.enterprise, number < template.scopes, value))
            at += length
        yield record


def _read_options(record: list[OptionField], version: int) -> Iterator[Announced]:
    """A rate with the domain it is for, and the exporter's system start, where the record tells them."""
    for field in record:
        if field.element == SYSTEM_INIT_MS and field.enterprise == 0 and len(field.value) <= 8:
            at_ms = int.from_bytes(field.value)
            if SYSTEM_INIT_MS_MIN <= at_ms < SYSTEM_INIT_MS_LIMIT:
                yield SystemInit(at_ms)
    rate = read_announcement(record, version)
    if rate is None:
        return
    for field in record:
        named = int.from_bytes(field.value) if len(field.value) <= 4 else 0
        if version == IPFIX_VERSION and field.scope and field.element == OBSERVATION_DOMAIN and named:
            yield named, rate
            return
    yield rate
