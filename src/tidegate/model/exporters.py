"""What is known of each exporter: identity, what it sent, how far its clock and sampling can be trusted."""

import numpy as np

EXPORTERS_MAX = 4096
"""Exporters (address and observation domain) held at once; further ones are refused and counted."""

EXPORTER = np.dtype(
    [
        # Identity: the sender's address (for sFlow the agent's), and the observation domain
        # (NetFlow v9 source id, IPFIX observation domain, v5 engine type and id, sFlow sub-agent).
        ("address_high", np.uint64),
        ("address_low", np.uint64),
        ("domain", np.uint32),
        ("protocol", np.uint8),  # see PROTOCOL_NAMES
        # Counters, since the collector started.
        ("datagrams", np.uint64),
        ("bytes", np.uint64),
        ("records", np.uint64),  # data records that became rows
        ("option_records", np.uint64),
        ("counter_samples", np.uint64),  # sFlow counter samples, counted and read past
        ("discard_samples", np.uint64),  # sFlow discarded-packet samples, counted and read past
        ("template_records", np.uint64),
        ("without_template", np.uint64),  # data sets whose template has not come yet
        ("not_ip", np.uint64),  # records and samples of other than IP traffic
        ("repeated", np.uint64),  # records of packets also told on ingress: read, but no part of any rate
        ("sample_drops", np.uint64),  # packets that sFlow agents chose and could not sample, all sources
        ("malformed", np.uint64),  # datagrams refused whole
        ("lost", np.uint64),  # missing by sequence number, in what it numbers: see NUMBERED_BY_RECORD
        ("reordered", np.uint64),
        ("restarts", np.uint64),  # uptime or sequence began again
        ("unknown_sampling", np.uint64),  # records with sampling rate unknown
        ("sampling_rate", np.uint32),  # the latest in use; 0 = unknown
        ("sampling_changes", np.uint32),
        # Sequence: what the next datagram should carry.
        ("next_sequence", np.uint32),
        ("sequence_known", np.uint8),
        # Clocks.
        ("uptime_ms", np.uint32),  # last sysUptime heard
        ("first_received_ms", np.int64),
        ("last_received_ms", np.int64),
        ("skew_ms", np.int64),  # exporter's clock minus ours, smallest magnitude over the last minute
        ("age_ms", np.int64),  # moving mean of (receive time - flow end)
        (
            "age_max_ms",
            np.int64,
        ),  # moving maximum of (receive time - flow start): how late a flow's first byte is told
    ],
    align=True,
)
"""One exporter's row in the exporter table."""

PROTOCOL_NAMES = {0: "packets", 5: "netflow5", 9: "netflow9", 10: "ipfix", 11: "sflow5"}
PACKETS, NETFLOW5, NETFLOW9, IPFIX, SFLOW5 = 0, 5, 9, 10, 11

NUMBERED_BY_RECORD = frozenset({NETFLOW5, IPFIX})
"""Protocols whose sequence numbers count data records; those of the others count datagrams."""


def protocol_name(number: int) -> str:
    """A number of PROTOCOL_NAMES as its name, and any other as "unknown"."""
    return PROTOCOL_NAMES.get(number, "unknown")
