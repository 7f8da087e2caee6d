"""All figures, in the order of the table; each file describes one and can take it."""

from benchmarks.figure import Description
from benchmarks.figures import (
    accord,
    accuracy,
    audit,
    audit_probe,
    decode_ipfix,
    decode_netflow5,
    decode_netflow9,
    decode_sflow5,
    detection_delay,
    ledger,
    live_udp,
    memory_million,
    plans,
    rehearse,
    startup,
    withdrawal,
    year,
)

FIGURES: tuple[Description, ...] = (
    decode_netflow5.DESCRIPTION,
    decode_netflow9.DESCRIPTION,
    decode_ipfix.DESCRIPTION,
    decode_sflow5.DESCRIPTION,
    live_udp.DESCRIPTION,
    memory_million.DESCRIPTION,
    detection_delay.DESCRIPTION,
    startup.HELP,
    startup.READY,
    *accuracy.DESCRIPTIONS,
    *plans.DESCRIPTIONS,
    withdrawal.DESCRIPTION,
    *rehearse.DESCRIPTIONS,
    *audit.DESCRIPTIONS,
    *year.DESCRIPTIONS,
    *ledger.DESCRIPTIONS,
    accord.WHOLE,
    accord.NEXT,
    audit_probe.DESCRIPTION,
)
