"""Why a datagram, set or record was refused: one small number for kernels, one short phrase for counters."""

# Codes 1 to 39: datagrams, NetFlow, IPFIX, exporters, templates. Codes 40 to 69: sFlow and packet headers.
HEADER_CUT_SHORT = 1
UNKNOWN_VERSION = 2
LENGTH_DISAGREES = 3
SET_CUT_SHORT = 4
RECORD_CUT_SHORT = 5
SAMPLE_CUT_SHORT = 6
TOO_LONG = 7
EXPORTER_TABLE_FULL = 8
EXPORTER_NOT_ALLOWED = 9
TEMPLATE_TOO_LARGE = 10
TEMPLATE_CUT_SHORT = 11
TEMPLATE_INVALID = 12
TEMPLATES_FULL = 13
SET_ID_RESERVED = 16
SAMPLING_TABLE_FULL = 17
ANNOUNCED_TOO_OFTEN = 18
FLOW_TIME_ABSURD = 19
BYTES_LEFT_OVER = 20
INTERFACES_FULL = 21
AGENT_ADDRESS_UNKNOWN = 40
SAMPLE_RECORD_CUT_SHORT = 41
SAMPLED_HEADER_CUT_SHORT = 42
SAMPLE_LENGTH_DISAGREES = 43
TRAILING_BYTES = 44

REASONS_MAX = 80
"""Codes are below this: the width of the table that counts refusals by exporter and reason."""

REASON_TEXT = {
    HEADER_CUT_SHORT: "header cut short",
    UNKNOWN_VERSION: "unknown version",
    LENGTH_DISAGREES: "length field disagrees",
    SET_CUT_SHORT: "set cut short",
    RECORD_CUT_SHORT: "record cut short",
    SAMPLE_CUT_SHORT: "sample cut short",
    TOO_LONG: "datagram too long",
    EXPORTER_TABLE_FULL: "exporter table full",
    EXPORTER_NOT_ALLOWED: "exporter not allowed",
    TEMPLATE_TOO_LARGE: "template too large",
    TEMPLATE_CUT_SHORT: "template cut short",
    TEMPLATE_INVALID: "template invalid",
    TEMPLATES_FULL: "template table full",
    SET_ID_RESERVED: "reserved set id",
    SAMPLING_TABLE_FULL: "sampling table full",
    ANNOUNCED_TOO_OFTEN: "templates or options change too often",
    FLOW_TIME_ABSURD: "flow times absurd, receive time taken",
    BYTES_LEFT_OVER: "bytes after the last record, read past",
    INTERFACES_FULL: "table of interfaces full, repetitions are counted",
    AGENT_ADDRESS_UNKNOWN: "unknown kind of agent address",
    SAMPLE_RECORD_CUT_SHORT: "sample record cut short",
    SAMPLED_HEADER_CUT_SHORT: "sampled header cut short",
    SAMPLE_LENGTH_DISAGREES: "sample length disagrees",
    TRAILING_BYTES: "bytes after the last sample",
}
"""The phrase of each code, as it appears in counters and on screens."""
