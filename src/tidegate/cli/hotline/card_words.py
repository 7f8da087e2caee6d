"""Cards, officers and the number of the ceremony, as people read them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tidegate.cli.output import console
from tidegate.cli.tables import plain_table
from tidegate.cli.words import moment

if TYPE_CHECKING:
    from tidegate.app.hotline.meeting import Card, CardWarning, PublicPair

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
GROUPS_IN_LINE = 4


def identity(organisation: str) -> str:
    """The beginning of an identity, enough to tell peers apart; never enough to trust one."""
    return " ".join(organisation[at : at + 4] for at in range(0, 16, 4))


def write_card(card: "Card", now_s: int, *, signed: bool = True) -> None:
    click.echo(f"{card.name} ({card.country}), card {card.version}{'' if signed else ', not yet signed'}")
    over = "  (it has ended)" if now_s >= card.valid_until_s else ""
    times = {
        "signed": moment(card.issued_at_s * 1000),
        "ends": moment(card.valid_until_s * 1000) + over,
    }
    lines = {
        "identity": card.organisation,
        **(times if signed else {}),
        "reached at": ", ".join(way(one.kind, one.host, one.port) for one in card.endpoints) or "no endpoint",
        "relays": ", ".join(identity(one) for one in card.relays) or "none",
        "reads": ", ".join(card.languages),
        "on watch": ", ".join(f"{one.level} {hours(one.begin_hour, one.end_hour)}" for one in card.watch)
        or "not told",
        "roots before": str(len(card.former_roots) or "none"),
    }
    for what, text in lines.items():
        click.echo(f"  {what:<12} {text}")
    write_encryption(card, now_s)
    write_officers(card)


def write_encryption(card: "Card", now_s: int) -> None:
    told = [
        f"{one.key_id[:8]} from {moment(one.from_s * 1000)[:10]}"
        + ("" if now_s < one.until_s else " (ended)")
        for one in card.encryption
    ]
    click.echo(f"  {'sealed to':<12} {', '.join(told)}")


def write_officers(card: "Card") -> None:
    if not card.officers:
        click.echo("  Nobody speaks for it: no officer is on the card.")
        return
    asked = {one.level: one.officers for one in card.quorums}
    table = plain_table()
    for heading in ("officer", "speaks for", "signatures", "key", "kind"):
        table.add_column(heading, overflow="fold")
    for officer in card.officers:
        signers = str(asked.get(officer.level, "?"))
        table.add_row(officer.name, officer.level, signers, key_name(officer.key), kind_of(officer.key))
    console().print(table)


def key_name(pair: "PublicPair") -> str:
    """The beginning of a key's digest, for people who compare."""
    from tidegate.app.hotline.meeting import organisation_of

    return identity(organisation_of(pair))


def kind_of(pair: "PublicPair") -> str:
    return "P-384 in a token + ML-DSA-65" if pair.classical_kind == "p384" else "Ed25519 + ML-DSA-65"


def way(kind: str, host: str, port: int) -> str:
    return f"{kind}://{f'[{host}]' if ':' in host else host}:{port}"


def hours(begin: int, end: int) -> str:
    if (begin, end) == (0, 168):
        return "at all hours"
    last = end - 1
    begins, ends = f"{DAYS[begin // 24]} {begin % 24:02}:00", f"{DAYS[last // 24]} {last % 24 + 1:02}:00"
    return f"{begins} to {ends} UTC"


def write_number(groups: Sequence[str]) -> None:
    click.echo()
    for at in range(0, len(groups), GROUPS_IN_LINE):
        click.echo("    " + "  ".join(groups[at : at + GROUPS_IN_LINE]))
    click.echo()


def write_warnings(warnings: "Sequence[CardWarning]") -> None:
    for warning in warnings:
        mark = "PROBLEM" if warning.severity == "problem" else "notice"
        click.echo(f"{mark}: {warning.text}", err=True)
