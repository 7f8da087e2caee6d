"""What a newer card says that the one before did not, in sentences for those who sign it or rest on it."""

from collections.abc import Iterator

from tidegate.model.organisations import Card, Endpoint


def changes(old: Card, new: Card) -> list[str]:
    """Most serious first; empty where only the version and the time differ."""
    return [
        *root_changes(old, new),
        *officer_changes(old, new),
        *key_changes(old, new),
        *other_changes(old, new),
    ]


def root_changes(old: Card, new: Card) -> Iterator[str]:
    if new.root != old.root:
        yield "The root key is another one, signed over to by the former."


def officer_changes(old: Card, new: Card) -> Iterator[str]:
    before, after = ({one.name: one for one in card.officers} for card in (old, new))
    for name in sorted(before.keys() - after.keys()):
        yield f"{name} ({before[name].level}) is revoked."
    for name in sorted(after.keys() - before.keys()):
        yield f"{name} is an officer, and speaks for the {after[name].level}."
    for name in sorted(before.keys() & after.keys()):
        if before[name].key != after[name].key:
            yield f"{name} has another key."
        if before[name].level != after[name].level:
            yield f"{name} speaks for the {after[name].level}, no longer for the {before[name].level}."
    quorums = ({one.level: one.officers for one in card.quorums} for card in (old, new))
    had, has = quorums
    for level in sorted(has):
        if had.get(level) != has[level]:
            officers = "1 officer signs" if has[level] == 1 else f"{has[level]} officers sign"
            yield f"{officers} each message of the {level}."


def key_changes(old: Card, new: Card) -> Iterator[str]:
    if new.station != old.station:
        yield "The station has another key."
    if new.log != old.log:
        yield "The ledger has another key."
    if new.certificates != old.certificates:
        yield "The TLS certificates are others."
    before, after = ({key.key_id for key in card.encryption} for card in (old, new))
    if fresh := len(after - before):
        yield f"{fresh} new encryption key{'s' if fresh > 1 else ''}."
    if gone := len(before - after):
        yield f"{gone} encryption key{'s are' if gone > 1 else ' is'} no longer there."


def other_changes(old: Card, new: Card) -> Iterator[str]:
    for what, had, has in (
        ("The name", old.name, new.name),
        ("The country", old.country, new.country),
        ("Endpoints", ways(old.endpoints), ways(new.endpoints)),
        ("Relays", ", ".join(old.relays), ", ".join(new.relays)),
        ("Languages", ", ".join(old.languages), ", ".join(new.languages)),
    ):
        if had != has:
            yield f"{what}: {has or 'none'} (before: {had or 'none'})."
    if old.watch != new.watch:
        yield "The hours of watch are others."


def ways(endpoints: tuple[Endpoint, ...]) -> str:
    return ", ".join(f"{one.kind} {one.host} port {one.port}" for one in endpoints)
