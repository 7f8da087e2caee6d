"""What routers' own programs print, read as rules: their words for the same, and words that are not ours."""

import sys
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.world import many_kinds, meanings
from tests.mitigate.small_plans import NODE
from tidegate.adapters.border.receivers import ask
from tidegate.adapters.border.told_by_bird import routes_told
from tidegate.adapters.border.told_by_frr import blackholes_told, rules_told
from tidegate.model.border import BorderRouter, BorderSettings
from tidegate.model.plans import Match, Range, TcpFlags
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import rule_from

SETTINGS = BorderSettings(
    node=NODE,
    border_points=(),
    state_folder="",
    officers="",
    local_as=64500,
    local_address="192.0.2.1",
    router_id="192.0.2.1",
)

BIRD = """BIRD 2.0.12 ready.
Table master4:
192.0.2.0/24         blackhole [static1 03:16:31.754] * (200)
	Type: static univ
198.51.100.7/32      blackhole [speaker 03:16:35.229 from 127.90.49.235] * (100/?) [AS64500i]
	Type: BGP univ
	BGP.origin: IGP
	BGP.next_hop: 192.0.2.1
	BGP.community: (64500,666) (65535,666) (65535,65281)
	BGP.large_community: (64500, 29796, 1)

Table master6:
2001:db8::7/128      unreachable [speaker 03:16:35.231 from 127.90.49.235] * (100) [AS64500i]
	Type: BGP univ
	BGP.next_hop: 100::1
	BGP.community: (65535,666) (65535,65281)
	BGP.large_community: (64500, 29796, 1)

Table flowtab4:
flow4 { dst 198.51.100.0/24; proto 17; sport 53,123; length 400..1500;\
 fragment !!is_fragment || !!last_fragment; }  [speaker 03:16:35.224 from 127.90.49.235] * (100) [AS64500i]
	Type: BGP univ
	BGP.ext_community: (generic, 0x80060000, 0x4ceb79a2)
	BGP.large_community: (64500, 29796, 1)
flow4 { dst 203.0.113.0/24; src 192.0.2.0/24; proto 1,6; dport 80..90,443; icmp type 8; tcp flags 0x2/0x2;\
 fragment !0x0/0x5; }  [speaker 03:16:35.239 from 127.90.49.235] * (100) [AS64500i]
	Type: BGP univ
	BGP.ext_community: (generic, 0x8008fbf4, 0x1)
	BGP.large_community: (64500, 29796, 1)

Table flowtab6:
flow6 { dst 2001:db8::/33; next header 6; tcp flags 0x2/0x2 && 0x0/0x10; }\
  [speaker 03:16:35.225 from 127.90.49.235] * (100) [AS64500i]
	Type: BGP univ
	BGP.community: (64500,7)
	BGP.ext_community: (generic, 0x80060000, 0x0)
	BGP.large_community: (64500, 29796, 1)
flow6 { dst 2001:db8:1::/48; src 2001:db8:2::/48; next header 17; sport 53; length 60,400..1500;\
 fragment !!is_fragment; }  [speaker 03:16:35.247 from 127.90.49.235] * (100) [AS64500i]
	Type: BGP univ
	BGP.community: (64500,1)
	BGP.ext_community: (generic, 0x80060000, 0x459c4000)
	BGP.large_community: (64500, 29796, 1)
"""

FRR_4 = """[
  {
    "to":"203.0.113.0/24",
    "from":"192.0.2.0/24",
    "proto":"= 1 , = 6 ",
    "dstp":">= 80 , <= 90 , = 443 ",
    "type":"= 8 ",
    "tcp":"= 2",
    "pktfrag":"∋ 1,|∋ 4"
  },
  {
    "ecomlist":"FS:redirect VRF RT:64500:1"
  },
  {
    "time":"00:00:03"
  }
]
[ {"to":"198.51.100.0/24", "proto":"= 17 ", "srcp":"= 53 , = 123 ", "pktlen":">= 400 , <= 1500 ",
   "pktfrag":"∋ 2,|∋ 8"}, {"ecomlist":"FS:rate 123456784.000000"}, {"time":"00:00:03"} ]
"""

FRR_6 = """[ {"to":"2001:db8:1::/48/off 0", "from":"2001:db8:2::/48/off 0", "proto":"= 17 ", "srcp":"= 53 ",
 "pktlen":"= 60 , >= 400 , <= 1500 ", "pktfrag":"∋ 2"}, {"ecomlist":"FS:rate 5000.000000"}, {"time":"4"} ]
[ {"to":"2001:db8::/33/off 0", "proto":"= 6 ", "tcp":"= 2,&∋ ! 16"},
 {"ecomlist":"FS:rate 0.000000"}, {"time":"1"} ]
"""

FRR_UNICAST = """{ "vrfId": 0, "routes": { "198.51.100.7/32": [{"prefix":"198.51.100.7/32","version":1},
 {"aspath":{"string":"64500"}, "community":{"string":"64500:666 blackhole no-export"},
  "largeCommunity":{"list":["64500:29796:1"]}, "nexthops":[{"ip":"192.0.2.1","afi":"ipv4"}]}] } }
"""


def test_bird_s_tables_are_read_as_the_rules_they_hold() -> None:
    told = [(key, attributes) for key, attributes in routes_told(BIRD) if attributes.large]
    assert {rule_from("north", key, attributes) for key, attributes in told} == meanings(many_kinds("north"))


def test_frr_s_tables_are_read_as_the_rules_they_hold_without_their_communities() -> None:
    told = [*rules_told(FRR_4), *rules_told(FRR_6), *blackholes_told(FRR_UNICAST)]
    read = {rule_from("north", key, attributes) for key, attributes in told}
    filters, blackhole = many_kinds("north")[:4], many_kinds("north")[4]
    assert read == meanings([msgspec.structs.replace(rule, communities=()) for rule in filters]) | meanings(
        [blackhole]
    )


def test_an_empty_answer_is_no_rule() -> None:
    assert not list(routes_told("BIRD 2.0.12 ready.\n"))
    assert not list(rules_told(""))
    assert not list(rules_told("{}\n"))


@pytest.mark.parametrize(
    "flags, meant",
    [
        ("0x2/0x2 && 0x0/0x10", TcpFlags(2, 0x12)),
        ("0x0/0x10", TcpFlags(0, 0x10)),
        ("!0x0/0x2", TcpFlags(2, 2)),
        ("!0x2/0x2", TcpFlags(0, 2)),
    ],
)
def test_bird_s_ways_to_say_flags(flags: str, meant: TcpFlags) -> None:
    net = f"flow4 {{ dst 198.51.100.0/24; tcp flags {flags}; }}"
    text = f"{net}  [speaker 03:16:35] * (100)\n\tBGP.origin: IGP\n"
    ((key, _),) = routes_told(text)
    assert key.match == Match(destination="198.51.100.0/24", tcp_flags=meant)


@pytest.mark.parametrize(
    "inside", ["dscp 10;", "tcp flags 0x2/0x2 || 0x10/0x10;", "fragment is_fragment && !!first_fragment;"]
)
def test_a_rule_in_bird_that_cannot_be_ours_is_told_as_such(inside: str) -> None:
    text = f"flow4 {{ dst 198.51.100.0/24; {inside} }}  [speaker 03:16:35] * (100)\n\tBGP.origin: IGP\n"
    with pytest.raises(Malformed):
        list(routes_told(text))


@pytest.mark.parametrize(
    "entry",
    [
        '[{"to":"198.51.100.0/24","dscp":"= 10 "},{"ecomlist":"FS:rate 0.000000"}]',
        '[{"to":"198.51.100.0/24"},{"ecomlist":"FS:marking 10"}]',
        '[{"to":"198.51.100.0/24"}]',
        '[{"to":"2001:db8::/64/off 32"},{"ecomlist":"FS:rate 0.000000"}]',
        "not JSON",
    ],
)
def test_a_rule_in_frr_that_cannot_be_ours_is_told_as_such(entry: str) -> None:
    with pytest.raises(Malformed):
        list(rules_told(entry))


def test_frr_s_pairs_of_bounds_are_ranges() -> None:
    ports = "= 5 , >= 10 , <= 20 , >= 30 , <= 40 "
    text = f'[{{"to":"198.51.100.0/24","srcp":"{ports}"}},{{"ecomlist":"FS:rate 0.000000"}}]'
    ((key, _),) = rules_told(text)
    assert key.match.source_ports == (Range(5, 5), Range(10, 20), Range(30, 40))


@pytest.mark.parametrize("receiver", ["birdc /nowhere/bird.ctl", "vtysh /nowhere", "netconf 192.0.2.1"])
def test_a_router_that_cannot_be_asked_says_why_and_holds_nothing_known(
    receiver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("birdc", "vtysh"):
        program = tmp_path / name
        program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit(3)\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = ask(
        SETTINGS, "north", BorderRouter(name="r", address="192.0.2.9", peer_as=64501, receiver=receiver), ()
    )
    assert told.rules is None
    assert told.why
