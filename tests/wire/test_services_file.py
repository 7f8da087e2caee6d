"""Lists of services in three forms, and what changes cost: what is read, and what is refused where."""

from typing import Any

import pytest

from tidegate.model.audit_costs import DEFAULT_EFFORTS, Costs
from tidegate.model.audits import NeedDeclared, ProviderDeclared, ServiceListed, ThingDeclared
from tidegate.model.topology import WrongLine
from tidegate.wire.services_file import decode_costs, decode_service_list

WHOLE = b"""
country = "XA"
[[service]]
name = "First Bank"
sector = "banking"
people = 1_200_000
domains = ["WWW.Bank.example."]
backends = ["api.bank.example"]
mail = ["bank.example"]
session_hours = 12
[[service.need]]
layer = "time"
any_of = ["national time", "other time"]
lasts_hours = 72
[[thing]]
name = "national time"
provider = "Metrology Office"
countries = ["XA"]
[[thing.need]]
layer = "private"
any_of = ["the grid"]
effect = "degrading"
[[provider]]
name = "Cloud Co"
owner = "Holding"
country = "XB"
present_in = ["XA"]
networks = [64500]
suffixes = ["cloud.example"]
authorities = ["Cloud Trust"]
caa = ["ca.cloud.example"]
"""


def test_a_whole_list_says_all_that_it_says() -> None:
    told: dict[str, Any] = {"at_s": 7, "source": "declared list.toml"}
    assert decode_service_list(WHOLE, "list.toml", 7) == (
        ServiceListed(
            name="First Bank", country="XA", sector="banking", people=1_200_000,
            domains=("www.bank.example",), backends=("api.bank.example",), mail=("bank.example",),
            session_s=43_200, **told,
        ),
        NeedDeclared(
            of="First Bank", layer="time", any_of=("national time", "other time"), lasts_s=259_200, **told
        ),
        ThingDeclared(name="national time", provider="Metrology Office", countries=("XA",), **told),
        NeedDeclared(
            of="national time", layer="private", any_of=("the grid",), effect="degrading", **told
        ),
        ProviderDeclared(
            name="Cloud Co", owner="Holding", country="XB", present_in=("XA",), networks=(64500,),
            suffixes=("cloud.example",), authorities=("Cloud Trust",), caa=("ca.cloud.example",), **told,
        ),
    )  # fmt: skip


def test_a_table_says_what_its_columns_say() -> None:
    table = b"name,domain,sector,people,country,backends,mail,session_hours\n"
    table += b"Bank,www.bank.example b.example,banking,5000,xa,api.bank.example,bank.example,2\n"
    table += b",tax.example,,,,,,\n"
    first, second = decode_service_list(table, "list.csv", 0, "QM")
    assert isinstance(first, ServiceListed)
    assert isinstance(second, ServiceListed)
    assert (first.domains, first.country, first.people) == (("www.bank.example", "b.example"), "XA", 5000)
    assert (first.backends, first.mail, first.session_s) == (("api.bank.example",), ("bank.example",), 7200)
    assert (second.name, second.country, second.people, second.session_s) == ("tax.example", "QM", 1, 0)


def test_fifty_domains_a_line_are_a_list() -> None:
    lines = "domain\n# a comment\n\n" + "".join(f"www.s{number}.example  # one\n" for number in range(50))
    found = decode_service_list(lines.encode(), "domains.txt", 0, "XA")
    assert [one.name for one in found if isinstance(one, ServiceListed)] == [
        f"www.s{number}.example" for number in range(50)
    ]


@pytest.mark.parametrize(
    ("data", "file", "why", "line"),
    [
        (b'[[service]]\nname = "A"\ndomain = ["a.example"]', "a.toml", "domain", 1),
        (b'[[service]]\nname = "A"\npeople = -1', "a.toml", "people of 'A'", 1),
        (b'[[service]]\nname = "A"\nsession_hours = 99999999', "a.toml", "session_hours of 'A'", 1),
        (b'[[service]]\nname = "A"\n[[service.need]]\nlayer = "time"\nany_of = []', "a.toml", "nothing", 1),
        (b'[[service]]\nname = "A"\ndomains = ["a b"]', "a.toml", "is not the name of a host", 1),
        (b'[[service]]\nname = "A"\n[[service]]\nname = "A"', "a.toml", "two services", 1),
        (b"name = ", "a.toml", "", 1),
        (b"domain,people\na.example,many\n", "a.csv", "", 2),
        (b"domain,people\na.example,1\n-,2\n", "a.csv", "is not the name of a host", 3),
        (b"a.example\nb..example\n", "a.txt", "is not the name of a host", 2),
        (b"a.example\n\xff\n", "a.txt", "not UTF-8", 2),
        (b"# nothing\n", "a.txt", "no service in it", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line(data: bytes, file: str, why: str, line: int) -> None:
    with pytest.raises(WrongLine) as wrong:
        decode_service_list(data, file, 0, "XA")
    assert why in str(wrong.value)
    assert wrong.value.line == line


def test_costs_are_stated_by_kind_and_one_by_one_and_else_guessed() -> None:
    costs = decode_costs(
        b'unit = "dinars"\n[cost]\nreplica = { once = 400, each = 2 }\n'
        b'[[change]]\nkind = "replica"\nof = "www.bank.example"\ncost = 0\n',
        "costs.toml",
    )
    assert costs.unit == "dinars"
    assert costs.of("replica", "other.example", 3) == 406
    assert costs.of("replica", "www.bank.example", 3) == 0
    guessed = DEFAULT_EFFORTS["authority"]
    assert costs.of("authority", "Seal", 4) == Costs().of("authority", "Seal", 4)
    assert costs.of("authority", "Seal", 4) == guessed.once + 4 * guessed.each


@pytest.mark.parametrize(
    "data",
    [
        b"[cost]\nreplicas = { once = 1 }",
        b"[cost]\nreplica = { once = -1 }",
        b"[cost]\nreplica = { each = 1 }",
        b'[[change]]\nkind = "replica"\nof = "a"\ncost = nan',
        b"units = 1",
    ],
)
def test_costs_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(WrongLine):
        decode_costs(data, "costs.toml")
