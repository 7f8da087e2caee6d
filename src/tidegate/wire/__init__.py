"""Bytes to values and back: NetFlow v5, NetFlow v9, IPFIX, sFlow v5 and captured packets.

Decoders take bytes with their receive times and see neither sockets nor clocks; what they remember
between datagrams is a value of theirs. Other rooms import a name from its own file
(`tidegate.wire.telemetry.TelemetryDecoder`), so that a command that decodes nothing never loads Numba.
"""
