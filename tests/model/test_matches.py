"""Matches and rules have one fixed order, whichever components they lack."""

from itertools import permutations

from tidegate.model.plans import Drop, Match, Rule, TcpFlags

TARGET = "198.51.100.7/32"
IN_ORDER = (
    Match(destination=TARGET),
    Match(destination=TARGET, tcp_flags=TcpFlags(are=2, among=18)),
    Match(destination=TARGET, protocols=(6,)),
    Match(destination=TARGET, source="192.0.2.0/24"),
    Match(destination=TARGET, source="203.0.113.0/24"),
)


def test_matches_that_lack_a_component_come_before_those_that_have_it() -> None:
    for several in permutations(IN_ORDER):
        assert tuple(sorted(several)) == IN_ORDER


def test_rules_are_ordered_by_their_matches() -> None:
    rules = [Rule(border_point="north", match=match, action=Drop()) for match in IN_ORDER]
    for several in permutations(rules):
        assert sorted(several) == rules
