"""Several parties as processes of their own, the networks between them, and the truth about every message."""

import queue
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.sql.stores import SqlStores
from tidegate.lab.hotline.identities import Founded
from tidegate.lab.hotline.party import DATABASE, End, Order, Told
from tidegate.model.canonical import decode_record
from tidegate.model.hotline_facts import MessageAuthorised, MessageComposed, MessageStored, ReceiptCame
from tidegate.model.organisations import Digest, OrganisationId

ENDING_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """What a party told, and when it was heard, in seconds of a clock that never steps back."""

    party: int
    at_s: float
    told: Told


@dataclass(slots=True)
class Running:
    """A party's process, ended and begun again as often as the story wants."""

    number: int
    founded: Founded
    command: Sequence[str]
    events: "queue.SimpleQueue[Event]"
    now_s: Callable[[], float]
    process: "subprocess.Popen[bytes] | None" = None
    kills: int = 0

    def start(self) -> None:
        """`command` ends with the folder."""
        with open(Path(self.founded.folder) / "log.txt", "ab") as log:
            self.process = subprocess.Popen(
                [*self.command, self.founded.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                process_group=0,  # a Ctrl-C is for the lab, which ends its parties itself
            )
        threading.Thread(target=self._listen, args=[self.process], daemon=True).start()

    def tell(self, order: Order) -> bool:
        """False where the party is not there."""
        if self.process is None or self.process.stdin is None:
            return False
        try:
            self.process.stdin.write(msgspec.json.encode(order) + b"\n")
            self.process.stdin.flush()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.kills += 1

    def end(self) -> None:
        if self.process is None:
            return
        self.tell(End())
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDING_S)
        self.process.kill()
        self.process.wait()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with suppress(msgspec.MsgspecError):  # the last line of a killed process may be cut
                told = msgspec.json.decode(line, type=Told)
                self.events.put(Event(self.number, self.now_s(), told))


@dataclass(slots=True)
class Truth:
    """What the databases say when all is over; each should be 0, and `delivered` be `sent`."""

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    twice: int = 0
    false: int = 0


def truth(parties: Sequence[Founded]) -> Truth:
    """Compares senders' records with recipients': by facts, not by what anybody showed."""
    composed: dict[Digest, tuple[OrganisationId, ...]] = {}
    authorised: set[Digest] = set()
    receipted: Counter[tuple[Digest, OrganisationId]] = Counter()
    stored: Counter[tuple[Digest, OrganisationId]] = Counter()
    for party in parties:
        stores = SqlStores(f"sqlite:///{Path(party.folder).absolute() / DATABASE}", "refuse")
        own = party.card.organisation
        for row in stores.facts.facts(0, stores.facts.head().size):
            match decode_record(row.body).fact:
                case MessageComposed(about=about):
                    composed[about.message] = about.recipients
                case MessageAuthorised(message=message):
                    authorised.add(message)
                case MessageStored(about=about):
                    stored[about.message, own] += 1
                case ReceiptCame(message=message, recipient=recipient):
                    receipted[message, recipient] += 1
        stores.close()
    copies = [(message, recipient) for message in authorised for recipient in composed[message]]
    told = Truth(sent=len(copies))
    for copy in copies:
        told.delivered += receipted[copy] > 0 and stored[copy] > 0
        told.lost += stored[copy] == 0
    told.twice = sum(count > 1 for count in stored.values())
    told.false = sum(stored[copy] == 0 for copy in receipted)
    return told
