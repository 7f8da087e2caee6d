"""Checks a bundle of evidence about one message of a Tidegate hotline, against anyone's denial.

    python3 verifier.py BUNDLE

This one file is the whole check. It needs Python 3.11, pyca/cryptography 46 or later, and nothing of the
program that made the bundle; it asks no network and no clock. Whoever reads it knows what is proved.

A bundle is one JSON object. `cards` are what organisations say of themselves, signed by their roots;
`message` is the message with its signatures; `receipts` are words of recipients' stations that they stored
it; `answers` are messages by which officers say that they opened it; `records` are entries about it in
append-only ledgers, with what others had seen of those ledgers, and when.

Every signature is two, one classical (Ed25519, or ECDSA over P-384) and one post-quantum (ML-DSA-65), and
holds only where both do; what is signed is `purpose, 0x00, bytes`, and of what a station signs at once the
root of a tree. Nothing in a bundle is outside of some signature or hash: a changed byte makes it refused.

What no bundle proves: who stands behind an organisation's number (that is the paper of the ceremony, on which
two officers compared these digits), that what a message says is true, and that a clock was right.
"""

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cryptography.hazmat.primitives.hashes import SHA384

BUNDLE_BYTES_MAX = 1 << 26
"""Bytes of a bundle: 64 MiB, many times what a message, its answers and their cards may take."""


class Refused(Exception):
    """The bundle does not prove what it says; the text is why."""


def check(holds: bool, why: str) -> None:
    if not holds:
        raise Refused(why)


# JSON is written in one way only (RFC 8785); `fields` refuses anything that stands beside what is checked.
def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parsed(body: bytes) -> Any:
    value = json.loads(body.decode())
    check(canonical(value) == body, "JSON is not in its one form")
    return value


def fields(value: Any, *names: str) -> list[Any]:
    exactly = isinstance(value, dict) and sorted(value) == sorted(names) and {} not in value.values()
    check(exactly, f"{names[0]} is empty, or has other fields beside it")
    return [value[name] for name in names]


def binary(text: Any) -> bytes:
    body = base64.b64decode(text.encode("ascii"), validate=True)
    check(base64.b64encode(body).decode() == text, "base64 is not in its one form")
    return body


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def pair_holds(pair: Any, signature: Any, purpose: str, body: bytes) -> bool:
    """Whether both signatures of a pair hold."""
    made = fields(signature, "classical", "post_quantum")
    signed = purpose.encode() + b"\x00" + body
    try:
        MLDSA65PublicKey.from_public_bytes(binary(pair["post_quantum"])).verify(binary(made[1]), signed)
        if pair["classical_kind"] == "ed25519":
            Ed25519PublicKey.from_public_bytes(binary(pair["classical"])).verify(binary(made[0]), signed)
        else:
            point = EllipticCurvePublicKey.from_encoded_point(SECP384R1(), binary(pair["classical"]))
            point.verify(binary(made[0]), signed, ECDSA(SHA384()))
    except (InvalidSignature, ValueError):
        return False
    return True


def words_signed(signature: Any, purpose: str, body: bytes) -> tuple[Any, str, bytes]:
    """What a station signed: these bytes alone, or at once with others the root of a tree of them all."""
    if purpose not in ("tidegate/frame/1", "tidegate/receipt/1") or "among" not in signature:
        return signature, purpose, body
    classical, post_quantum, among = fields(signature, "classical", "post_quantum", "among")
    number, count, path = fields(among, "number", "count", "path")
    check(type(number) is type(count) is int and 0 <= number < count in range(2, 33), "no place in a tree")
    _, root = climbed(number, count - 1, hashed(b"\x00", body), [binary(one) for one in path])
    words = purpose.encode() + b"\x00" + count.to_bytes(4) + root
    return {"classical": classical, "post_quantum": post_quantum}, "tidegate/several/1", words


class Cards:
    """The cards of each organisation, oldest first; `used` are those on which something rests."""

    def __init__(self, listed: Any) -> None:
        self.of: dict[str, list[Any]] = {}
        self.used: set[tuple[str, int]] = set()
        for signed in listed:
            body, signatures = fields(signed, "card", "signatures")
            self.believe(parsed(binary(body)), binary(body), signatures)

    def believe(self, card: Any, body: bytes, signatures: list[Any]) -> None:
        organisation, before = card["organisation"], self.of.setdefault(card["organisation"], [])
        roots = [*card["former_roots"], card["root"]]
        check(digest(canonical(roots[0])) == organisation, "a card is not by the root that names it")
        check(len(signatures) == len(roots), "a card has another number of signatures than of roots")
        check(pair_holds(card["root"], signatures[0], "tidegate/card/1", body), "no root signed this card")
        for former, successor, signature in zip(roots, roots[1:], signatures[1:], strict=False):
            words = organisation.encode() + b"\x00" + canonical(successor)
            check(pair_holds(former, signature, "tidegate/root-change/1", words), "no root signed its heir")
        check(not before or card["version"] > before[-1]["version"], "cards do not stand in their order")
        before.append(card)

    def signed_by(self, organisation: str, signature: Any, purpose: str, body: bytes) -> list[Any]:
        """The cards of the organisation whose station signed this, newest first; the newest is used."""
        signed, cards = words_signed(signature, purpose, body), reversed(self.of.get(organisation, []))
        found = [card for card in cards if pair_holds(card["station"], *signed)]
        check(bool(found), f"no station of {organisation[:16]} signed what is shown as its word ({purpose})")
        self.used.add((organisation, found[0]["version"]))
        return found

    def named(self, organisation: str) -> str:
        newest = self.of.get(organisation, [{"name": "an organisation whose card is not here"}])[-1]
        return f"{newest['name']} ({organisation[:16]})"


def check_package(package: Any, cards: Cards) -> tuple[Any, Any, str]:
    """Content, frame, and who signed; Refused where anything of it does not hold."""
    wanted = ("content", "frame", "officers", "station", "attachments", "type")
    body, frame_body, officers, station, attachments, kind = fields(package, *wanted)
    content_bytes, frame_bytes = binary(body), binary(frame_body)
    content, frame = parsed(content_bytes), parsed(frame_bytes)
    sender, recipients = content["sender"], content["recipients"]
    check(kind == "message", "a message is of another type")
    check(frame["content"] == digest(content_bytes), "the frame is of another message")
    correspondence = digest(canonical([sender, sorted(recipients)]))
    check(frame["correspondence"] == correspondence, "the frame is of another correspondence")
    by_station = cards.signed_by(sender, station, "tidegate/frame/1", frame_bytes)
    for card in by_station:  # officers may have left since: the newest card by which all of it holds counts
        keys = [officer_key(one, content, content_bytes, card) for one in officers]
        if all(keys):
            break
    check(all(keys), "the officers' signatures do not hold by any card shown")
    cards.used.add((sender, card["version"]))
    quorum = [one["officers"] for one in card["quorums"] if one["level"] == content["level"]]
    needed = 0 if content["form"] == "check" else max(quorum, default=1)
    check(len(set(keys)) == len(keys) >= needed, f"{needed} officers must have signed")
    check(content["composed_at_s"] < card["valid_until_s"], "the sender's card had ended")
    names = ", ".join(one["officer"] for one in officers) or "the station"
    told = [(one["size"], one["sha256"]) for one in content["attachments"]]
    bodies = [binary(one) for one in attachments]
    check(told == [(len(one), digest(one)) for one in bodies], "the attachments are not those named")
    end = len(content["remarks"].encode()) + len(content["fields"]) + len(bodies)
    check(content["end"] == end, "the end number does not fit: something was cut off")
    return content, frame, f"{names} (card {card['version']})"


def officer_key(signed: Any, content: Any, body: bytes, card: Any) -> str:
    """The digest of the officer's key on this card, where the signature holds by it; else nothing."""
    name, signature = fields(signed, "officer", "signature")
    for one in card["officers"]:
        by_name = (one["name"], one["level"]) == (name, content["level"])
        if by_name and pair_holds(one["key"], signature, "tidegate/content/1", body):
            return digest(canonical(one["key"]))
    return ""


def check_word(signed: Any, about: set[str], content: Any, named: set[Any], cards: Cards) -> str:
    """A recipient's station stored this very message (R1, whose entry joins `named`), or refused it."""
    kind = signed["type"]
    body, signature, _ = fields(signed, kind, "signature", "type")
    word = parsed(binary(body))
    check(kind in ("receipt", "refusal"), "a receipt is of another type")
    check({word["message"], word["frame"]} <= about, "a receipt is for something that is not shown")
    parties = word["sender"] == content["sender"] and word["recipient"] in content["recipients"]
    check(parties, "a receipt is between others")
    cards.signed_by(word["recipient"], signature, f"tidegate/{kind}/1", binary(body))
    station = f"the station of {cards.named(word['recipient'])} signed that it"
    if kind == "refusal":
        return f"Refused: {station} refused this for good at {moment(word['refused_at_s'])}: {word['why']}"
    named.add((word["recipient"], word["fact"]))
    stored = f"stored this at {moment(word['stored_at_s'])}, as entry {word['fact']} of its ledger"
    return f"R1: {station} {stored}"


def check_answer(package: Any, message: str, content: Any, about: set[str], cards: Cards) -> str:
    """R2 or R3: officers of a recipient signed a message that answers this one. Its digests join `about`."""
    reply, frame, signers = check_package(package, cards)
    parties = reply["sender"] in content["recipients"] and content["sender"] in reply["recipients"]
    check(reply["answers"] == message and parties, "an answer is to something else")
    about |= {frame["content"], digest(binary(package["frame"]))}
    what = "R2: it was opened" if reply["form"] == "receipt" else f"R3: an answer, form {reply['form']}"
    at = moment(reply["composed_at_s"])
    return f"{what}; signed by {signers} of {cards.named(reply['sender'])}, composed at {at}"


# Ledgers: Merkle trees over entries (RFC 6962, RFC 9162 section 2.1), whose size and root are signed in notes
# (c2sp.org/signed-note, tlog-checkpoint) and cosigned by others (tlog-cosignature). A leaf has mark 0.
def hashed(mark: bytes, of: bytes) -> bytes:
    return hashlib.sha256(mark + of).digest()


def climbed(at: int, last: int, start: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """From place `at` of a row that ends at `last` up to its root: what is reached with the siblings on the
    left alone, and with all of them (RFC 9162 sections 2.1.3.2 and 2.1.4.2)."""
    left_alone = reached = start
    for sibling in proof:
        check(last > 0, "a proof is too long")
        if at & 1 or at == last:
            left_alone, reached = (hashed(b"\x01", sibling + one) for one in (left_alone, reached))
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            reached = hashed(b"\x01", reached + sibling)
        at, last = at >> 1, last >> 1
    check(last == 0, "a proof is too short")
    return left_alone, reached


def check_growth(old_size: int, old_root: bytes, size: int, root: bytes, proof: list[bytes]) -> None:
    """The old ledger is how the new one began."""
    check(0 < old_size <= size, "a ledger shrank")
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 or old_size == size else proof
    check(bool(path), "a proof is too short")
    at, last = old_size - 1, size - 1
    while at & 1 or (old_size == size and last):
        at, last = at >> 1, last >> 1
    check(climbed(at, last, path[0], path[1:]) == (old_root, root), "a ledger began otherwise than was seen")


def read_note(whole: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text, and of each line behind it the key's name, the key's ID and what the key made."""
    text, _, lines = whole.removesuffix("\n").rpartition("\n\n")
    signatures = []
    for line in lines.split("\n"):
        name, _, made = line.removeprefix("\u2014 ").partition(" ")
        signatures.append((name, binary(made)[:4], binary(made)[4:]))
        check(line == f"\u2014 {name} {made}", "a line behind a checkpoint is no signature")
    check(whole == f"{text}\n\n{lines}\n", "a checkpoint is not in its one form")
    return text + "\n", signatures


def key_named(cards: list[Any], kind: int, name: str, key_id: bytes) -> tuple[bytes, int]:
    """The ledger key of that name and ID on one of these cards, and the card's version."""
    for card in cards:
        key_name, _, key = card["log"].split("+", 2)
        public = binary(key)[1:]
        own_id = hashlib.sha256(key_name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]
        if (key_name, own_id) == (name, key_id):
            return public, card["version"]
    raise Refused("a checkpoint is signed by a key that is on no card here")


def check_checkpoint(whole: str, organisation: str, witness: str, cards: Cards) -> tuple[Any, int]:
    """The ledger's origin, size and root, and when the witness cosigned them; no other line may be there."""
    text, signatures = read_note(whole)
    wanted = [(organisation, 1), (witness, 4)] if witness else [(organisation, 1)]
    check(len(signatures) == len(wanted), "a checkpoint has another number of signatures")
    at_s = 0
    for (signer, kind), (name, key_id, made) in zip(wanted, signatures, strict=True):
        public, version = key_named(cards.of.get(signer, []), kind, name, key_id)
        cards.used.add((signer, version))
        at_s = int.from_bytes(made[:8])
        signed = f"cosignature/v1\ntime {at_s}\n{text}" if kind == 4 else text
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(made[8 * (kind == 4) :], signed.encode())
        except (InvalidSignature, ValueError):
            raise Refused("a checkpoint's signature does not hold") from None
    origin, size, root, _ = text.split("\n")
    check(origin.startswith(f"tidegate/{organisation}/") and size.isdigit(), "a checkpoint of another ledger")
    return (origin, int(size), binary(root)), at_s


def check_record(record: Any, about: set[str], named: set[Any], cards: Cards) -> Iterator[str]:
    """One entry of one ledger, and what others had seen of that ledger before and after it."""
    names = ("fact", "organisation", "checkpoint", "inclusion", "sightings")
    body, organisation, note, proof, sightings = fields(record, *names)
    entry = binary(body)
    fact = parsed(entry)
    check(bool(about & set(re.findall("[0-9a-f]{64}", entry.decode()))), "an entry is about something else")
    head, _ = check_checkpoint(note, organisation, "", cards)
    check(0 <= fact["number"] < head[1], "an entry stands outside of its ledger")
    _, root = climbed(fact["number"], head[1] - 1, hashed(b"\x00", entry), [binary(one) for one in proof])
    check(root == head[2], "an entry is not in the ledger that is shown")
    in_r1 = ", which its R1 names" if (organisation, fact["number"]) in named else ""
    yield (
        f"The ledger of {cards.named(organisation)} holds {fact['fact']['type']} as entry {fact['number']}"
        f"{in_r1}; its own clock said {moment(fact['at_ms'] // 1000)}"
    )
    for sighting in sightings:
        yield check_sighting(sighting, organisation, head, fact, cards)


def check_sighting(sighting: Any, organisation: str, head: Any, fact: Any, cards: Cards) -> str:
    """A witness's word on how much of the ledger it had been shown; heads are shown twice a minute."""
    signed, growth = fields(sighting, "heartbeat", "growth")
    body, signature, kind = fields(signed, "heartbeat", "signature", "type")
    heartbeat = parsed(binary(body))
    witness = heartbeat["sender"]
    check(kind == "heartbeat" and witness != organisation, "nobody witnesses its own ledger")
    cards.signed_by(witness, signature, "tidegate/heartbeat/1", binary(body))
    seen, at_s = check_checkpoint(heartbeat["witnessed"], organisation, witness, cards)
    check(seen[0] == head[0], "a witness saw another ledger of that organisation")
    old, new = sorted((seen[1:], head[1:]), key=lambda one: one[0])
    check_growth(old[0], old[1], new[0], new[1], [binary(one) for one in growth])
    how, said_s = "before" if seen[1] <= fact["number"] else "with", fact["at_ms"] // 1000
    odd = ": SHOWN LATE, OR ITS CLOCK WAS BEHIND" if how == "before" and at_s > said_s + 120 else ""
    odd = ": THE TWO CLOCKS DISAGREE" if how == "with" and at_s < said_s else odd
    return f"  {cards.named(witness)} had seen that ledger {how} this entry at {moment(at_s)}{odd}"


def verify(bundle: bytes) -> tuple[list[str], set[tuple[str, int]]]:
    """What the bundle proves, line by line, and the cards on which that rests; Refused where it does not."""
    check(len(bundle) <= BUNDLE_BYTES_MAX, "it is longer than any bundle may be")
    try:
        return proved(parsed(bundle))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise Refused(f"it is not formed as a bundle is ({type(error).__name__})") from None


def proved(bundle: Any) -> tuple[list[str], set[tuple[str, int]]]:
    names = ("bundle", "cards", "message", "receipts", "answers", "records")
    version, listed, packages, receipts, answers, records = fields(bundle, *names)
    check(version == 1 and type(version) is int, "it is a bundle of another version")
    cards = Cards(listed)
    # The same message, once for each place in its correspondence that it was given.
    checked = [check_package(package, cards) for package in packages]
    content, frame, signers = checked[0]
    check(all(one == content for one, _, _ in checked), "two messages are shown as one")
    about = {frame["content"], *(digest(binary(package["frame"])) for package in packages)}
    lines = [
        f"Message {frame['content']}",
        f"  {content['mark']}, {content['precedence']}, form {content['form']}, {content['reference']}",
        f"  from {cards.named(content['sender'])}",
        f"  to {'; '.join(cards.named(one) for one in content['recipients'])}",
        f"  signed by {signers}, for the {content['level']}",
        f"  composed at {moment(content['composed_at_s'])} by the sender's clock",
    ]
    named: set[Any] = set()
    lines += [check_word(signed, about, content, named, cards) for signed in receipts]
    lines += [check_answer(answer, frame["content"], content, about, cards) for answer in answers]
    for record in records:
        lines += check_record(record, about, named, cards)
    lines += told_of_parties(cards)
    # Names and references are others' words: none of them moves the cursor or turns the writing.
    return ["".join(one if one.isprintable() else "?" for one in line) for line in lines], cards.used


def told_of_parties(cards: Cards) -> Iterator[str]:
    yield "Whose keys these are is proved by the paper of the ceremony, which bears both of these halves:"
    for organisation, believed in cards.of.items():
        newest = believed[-1]
        yield f"  {newest['name']}, {newest['country']}: {half_of_number(organisation, believed[0]['root'])}"
        yield f"    number {organisation}"
        for card in believed:
            first, last = moment(card["issued_at_s"]), moment(card["valid_until_s"])
            yield f"    card {card['version']}, issued {first}, valid until {last}"


def half_of_number(organisation: str, root: Any) -> str:
    """30 digits: SHA-512 over an organisation and its root's keys, 5,200 times; six groups of five."""
    body = organisation.encode() + b"\x00" + canonical(root)
    made = hashlib.sha512(b"tidegate/ceremony/1\x00" + body).digest()
    for _ in range(5_199):
        made = hashlib.sha512(made + body).digest()
    return " ".join(f"{int.from_bytes(made[at : at + 5]) % 100_000:05}" for at in range(0, 30, 5))


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.exit("usage: verifier.py BUNDLE")
    try:
        with open(arguments[0], "rb") as file:
            lines, _ = verify(file.read(BUNDLE_BYTES_MAX + 1))
    except (Refused, OSError) as refused:
        print(f"REFUSED: {refused}")
        return 1
    print("\n".join(["Everything in this bundle holds.", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
