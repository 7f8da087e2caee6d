"""The bytes between speaker and router, captured on loopback: tshark reads in them what was agreed."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.adapters.border.routers import Router, eventually, own_address, running
from tests.adapters.border.world import many_kinds, order, plan, speaking
from tests.conftest import require_peer

pytestmark = pytest.mark.peer

FLOWSPEC = [
    [
        "Flow spec traffic-rate: ASN 0, 987.654 Mbps",
        "Destination prefix filter (198.51.100.0/24)",
        "Protocol / Next Header filter (=17)",
        "Source port filter (=53 || =123)",
        "Packet Length filter (>=400 && <=1500)",
        "IP fragment filter IsF LF",
    ],
    [
        "Flow spec redirect AS 2 bytes: RT 64500:1",
        "Destination prefix filter (203.0.113.0/24)",
        "Source prefix filter (192.0.2.0/24)",
        "Protocol / Next Header filter (=1 || =6)",
        "Destination port filter (>=80 && <=90 || =443)",
        "ICMP type filter (=8)",
        "TCP flags filter (= S)",
        "IP fragment filter DF FF",
    ],
    [
        "Flow spec traffic-rate: ASN 0, 0.040 Mbps",
        "Destination prefix filter (2001:db8:1::/48)",
        "Source prefix filter (2001:db8:2::/48)",
        "Protocol / Next Header filter (=17)",
        "Source port filter (=53)",
        "Packet Length filter (=60 || >=400 && <=1500)",
        "IP fragment filter IsF",
    ],
    [
        "Flow spec traffic-rate: ASN 0, 0.000 Mbps",
        "Destination prefix filter (2001:db8::/33)",
        "Protocol / Next Header filter (=6)",
        "TCP flags filter (= S && > A)",  # tshark's way to write "not"
    ],
]

BLACKHOLES = [
    ["NEXT_HOP: 192.0.2.1", "BLACKHOLE", "NO_EXPORT", "64500:666", "198.51.100.7/32"],
    ["Next hop: 100::1", "BLACKHOLE", "NO_EXPORT", "2001:db8::7/128"],
]


@pytest.mark.parametrize("kind", ["exabgp", "gobgp"])
def test_an_independent_decoder_reads_what_was_agreed(kind: str, tmp_path: Path) -> None:
    tshark = require_peer("tshark", "/usr/bin/tshark")
    speaker, capture = own_address(), tmp_path / "bgp.pcap"
    with running("gobgp", tmp_path / "router", speaker) as router:
        capturing = start_capture(tshark, router, capture)
        try:
            with speaking(kind, tmp_path, {"north": (router,)}, speaker) as world:
                eventually(world.all_sessions_up, 40)
                world.border.announce(order(plan(*many_kinds("north"))))
                eventually(lambda: all(len(each or ()) == 6 for each in world.received("north")), 10)
                world.border.withdraw_all()
                eventually(lambda: not any(world.received("north")), 10)
        finally:
            time.sleep(1)
            capturing.terminate()
            capturing.wait()
        messages = updates(tshark, router, capture)
    reached = [each for each in messages if "MP_REACH_NLRI" in each or "NEXT_HOP" in each]
    assert sorted(filter(None, map(filters, reached))) == sorted(FLOWSPEC)
    for expected in BLACKHOLES:
        assert any(all(word in each for word in expected) for each in reached), expected
    gone = [filters(each) for each in messages if "MP_UNREACH_NLRI" in each]
    for _, *components in FLOWSPEC:
        assert any(each[-len(components) :] == components for each in gone)


def start_capture(tshark: Path, router: Router, capture: Path) -> "subprocess.Popen[bytes]":
    command = [str(tshark), "-i", "lo", "-f", f"tcp port {router.port}", "-w", str(capture)]
    capturing = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: capture.exists() and capture.stat().st_size > 0, 20, "tshark captures")
    except AssertionError:
        capturing.kill()
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("tshark may not capture on loopback here")
    return capturing


def updates(tshark: Path, router: Router, capture: Path) -> list[str]:
    command = [str(tshark), "-r", str(capture), "-d", f"tcp.port=={router.port},bgp", "-Y", "bgp.type==2"]
    told = subprocess.run([*command, "-O", "bgp", "-V"], capture_output=True, text=True, check=True).stdout
    return told.split("Border Gateway Protocol - UPDATE Message")[1:]


def filters(message: str) -> list[str]:
    """The action and the components of a FlowSpec rule, in the order in which they stand there."""
    action = re.findall(r"\n\s+(Flow spec (?:traffic-rate|redirect).*?) \[", message)
    components = re.findall(r"\n\s+Filter: (.*)", message)
    return [*action, *map(plain, components)]


def plain(component: str) -> str:
    """One operator with several bits says the same as several operators."""
    if component.startswith("IP fragment filter"):
        return "IP fragment filter " + " ".join(re.findall(r"IsF|DF|FF|LF", component))
    return component
