"""Bodies of facts and effects made small for the store: deflated against what such bodies repeat.

A year of a country's attacks is tens of millions of facts, which differ in their numbers and hardly in
anything else. What is packed begins with the number of its dictionary, what is not with "{". A dictionary,
once in a release, stays for ever, to the byte; a better one gets the next number.
"""

import zlib

from tidegate.model.canonical import FACT_BYTES_MAX

DICTIONARY_1 = (
    b'"short_history","few_samples","late_telemetry","datagrams_lost","degraded_counting","clock_skew"'
    b'"unscaled_sampling","targets_cut","insufficient_history"'
    b'"vector":"esp""vector":"gre""vector":"ip_in_ip""vector":"other_protocol""vector":"icmpv6"'
    b'"vector":"chargen""vector":"rpcbind""vector":"netbios""vector":"mssql""vector":"ws_discovery"'
    b'"vector":"memcached""vector":"snmp""vector":"ssdp""vector":"cldap""vector":"sip""vector":"stun"'
    b'"vector":"tcp_rst""vector":"tcp_fin""vector":"tcp_odd_flags""vector":"quic""vector":"icmp"'
    b'"vector":"tcp_syn_ack""vector":"tcp_ack""vector":"tcp_syn""vector":"fragments""vector":"tcp"'
    b'"vector":"udp""vector":"dns""vector":"ntp"'
    b'{"at_ms":1,"fact":{"exporter":"","protocol":"netflow9","type":"ExporterAppeared"},"number":1}'
    b'{"attack":{"actionable":false,"type":"Alert"},"change":"vectors changed","change":"grew",'
    b'"change":"detected","change":"ended"'
    b'},"type":"AttackVectorsChanged"},"number":},"type":"AttackGrew"},"number":'
    b'},"type":"AttackDetected"},"number":},"type":"AttackEnded"},"number":'
    b'{"at_ms":17,"fact":{"attack":{"actionable":true,"bits_per_s":{"estimate":0,"high":0,"low":0},'
    b'"border_points":["north","south"],"doubts":[],"exporters":["192.0.2.1#0","2001:db8::1#0"],'
    b'"first_seen_ms":17,"last_seen_ms":17,"number":1,"object_name":null,'
    b'"packets_per_s":{"estimate":0,"high":0,"low":0},"peak_bits_per_s":{"estimate":0,"high":0,"low":0},'
    b'"targets":["198.51.100.0/24","2001:db8::/48","203.0.113.1/32"],"telemetry_age_ms":1,'
    b'"threshold_bits_per_s":100000000,"vectors":[{"bits_per_s":{"estimate":0,"high":0,"low":0},'
    b'"packets_per_s":{"estimate":0,"high":0,"low":0},"vector":"udp"},'
    b'{"bits_per_s":{"estimate":0,"high":0,"low":0},"packets_per_s":{"estimate":0,"high":0,"low":0},'
    b'"vector":"ntp"}]},"type":"AttackEnded"},"number":1'
)

PACKED_1 = b"\x01"
LEVEL = 6
RAW = -15
"""Deflate without a header (RFC 1951) and with its largest window."""


def pack(body: bytes) -> bytes:
    """The body as it is stored; `unpack` gives it back, whatever it is."""
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW, zdict=DICTIONARY_1)
    packed = PACKED_1 + deflate.compress(body) + deflate.flush()
    return packed if len(packed) < len(body) or body[:1] == PACKED_1 else body


def unpack(stored: bytes) -> bytes:
    """The inverse. What is damaged comes back as it lies there: whoever checks its hash will tell."""
    if stored[:1] != PACKED_1:
        return bytes(stored)
    inflate = zlib.decompressobj(RAW, zdict=DICTIONARY_1)
    try:
        body = inflate.decompress(stored[1:], FACT_BYTES_MAX + 1)
    except zlib.error:
        return bytes(stored)
    return body if inflate.eof and not inflate.unused_data else bytes(stored)
