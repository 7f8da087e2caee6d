"""What officers of XA and XB say to each other over the hotline, each at their own node's control socket.

Every message is drafted from what the nodes know, signed by an officer's own key, and counts once the other
side's receipt is there. `begin` lets a step happen; until then the officers wait.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, TypeVar

from tidegate.app.chapters import Answered, Clock, Kept, Letter, Notified
from tidegate.app.console.demo_note import ACCORD
from tidegate.app.hotline.attack_report import incident_fields
from tidegate.app.hotline.line import Draft, DraftAttachment, HotlineLine, ReceivedView
from tidegate.app.hotline.reading import letter_of, page_of, page_text
from tidegate.app.hotline.writing import Answered as Question
from tidegate.app.hotline.writing import (
    Handling,
    draft_of,
    preview,
    receipt_draft,
    reply_handling,
    time_value,
)
from tidegate.app.parts import Parts
from tidegate.app.queries import attack_life
from tidegate.lab.accord.script import written
from tidegate.lab.telling import accounts
from tidegate.lab.telling.organisations import SIDES, XA, XB, Organisation, Side, founded, met
from tidegate.model.labels import LANGUAGES
from tidegate.model.messages import FormName, Precedence
from tidegate.model.organisations import Digest, Level
from tidegate.model.refusals import NotAllowed
from tidegate.ports.control import NotApproved
from tidegate.ports.outside import OutsideFailed

Step = Literal["clock", "notify", "reply"]
Answer = TypeVar("Answer")

LOOK_EVERY_S: Final = 0.2
PATIENCE_S: Final = 240.0
"""For a node to begin, and for a receipt to come; on a machine that does much else both take long."""

ASKED_MAX = 8
"""How often a busy node is asked the same; each time it has a quarter of a minute to answer."""

PAGE_COLUMNS: Final = 76
HOUR_S: Final = 3_600
ANSWER_WITHIN_S: Final = 24 * HOUR_S
INCIDENT: Final = "2026-11"
CLINICS: Final = """
[[asset]]
id = "XA-clinics"
party = "XA"
asset-class = "hospital"
prefixes = ["{prefix}"]
[asset.name]
en = "Hospitals"
ru = "Больницы"
fa = "بیمارستان‌ها"
ar = "المستشفيات"
tr = "Hastaneler"
az = "Xəstəxanalar"
"""  # noqa: RUF001

REMARKS: Final = {
    "incident": (
        "Поток направлен на больницы. Объём ограничен на границе; адреса источников могут быть поддельными."
    ),
    "clarification-request": "چه اقدام‌هایی انجام داده‌اید و این سیل چه زمانی پایان می‌یابد؟",
    "clarification-reply": "Правила действуют по аренде и снимаются сами, когда поток кончится.",
}
"""In the language of whoever writes: free text is never translated."""

log = logging.getLogger("tidegate.lab")


class Stopped(Exception):
    """The demo ends while officers still wait."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the conversation is; what is None did not come to pass yet. `letter` lies on the table."""

    in_force: bool = False
    clock: Clock | None = None
    letter: Letter | None = None
    notified: Notified | None = None
    asked: Letter | None = None
    answered: Answered | None = None
    kept: Kept | None = None


class Talk:
    """Officers in a thread of their own. XA is founded when this is made, since its node waits for that, and
    XB once they `start`; its node is started by the demo once they have met, see `met`."""

    def __init__(self, parts: Parts, places: Mapping[Side, tuple[Path, int]], clinics: str) -> None:
        self._parts = parts
        self._clinics = clinics
        self._places = places
        self._officers = ThreadPoolExecutor(1, "officers of both")
        self.founded = self._officers.submit(self._found, XA)
        self._begun: dict[Step, threading.Event] = {
            step: threading.Event() for step in ("clock", "notify", "reply")
        }
        self._stopping = threading.Event()
        self._talking: Future[None] | None = None
        self.sides: tuple[Organisation, ...] = ()
        self._attack = 0
        self.met = threading.Event()
        self.heard = Heard()

    def start(self) -> None:
        self._talking = self._officers.submit(self._live)

    def stop(self) -> None:
        self._stopping.set()
        self._officers.shutdown(wait=False, cancel_futures=True)

    def join(self) -> None:
        self._officers.shutdown()

    def begin(self, step: Step, attack: int) -> None:
        self._attack = attack
        self._begun[step].set()

    def check(self) -> None:
        """Raises what kept the officers from talking."""
        if self._talking is not None and self._talking.done():
            self._talking.result()

    def _found(self, side: Side) -> Organisation:
        state, port = self._places[side]
        return founded(self._parts, side, state, port)

    def _live(self) -> None:
        try:
            self.sides = xa, xb = self.founded.result(), self._found(XB)
            met(self._parts, xa, xb)
            self.met.set()
            for one in (xa, xb):
                self._until(partial(self._knows_the_other, one), f"{one.side.name} to be there")
            self._agree(xa, xb)
            self._tell(xa, xb)
        except Stopped:
            pass
        except (OutsideFailed, NotAllowed, NotApproved):
            if not self._stopping.is_set():
                raise

    def _knows_the_other(self, one: Organisation) -> bool:
        try:
            return bool(self._line(one).board().peers)
        except (OutsideFailed, NotAllowed) as failure:
            log.debug("%s", failure)  # it starts, or has not stored its own card yet
            return False

    def _agree(self, xa: Organisation, xb: Organisation) -> None:
        """Both sign the bilateral template, with XA's hospitals in it; in every language, since whoever
        looks shall be able to read it."""
        file = written(
            {one.side.code: one.organisation for one in (xa, xb)},
            ACCORD,
            CLINICS.format(prefix=self._clinics),
            LANGUAGES,
        )
        for one, other in ((xa, xb), (xb, xa)):
            self._sign(one, other, file)
        for one in (xa, xb):
            self._until(partial(accounts.is_in_force, self._parts, one, ACCORD), "the accord")
        self.heard = replace(self.heard, in_force=True)

    def _sign(self, one: Organisation, other: Organisation, file: bytes) -> None:
        fields = {"declaration": ("accord",), "act": ("made",), "accord-digest": (sha256(file).hexdigest(),)}
        attached = (DraftAttachment("accord.toml", "text/plain;charset=utf-8", file),)
        handling = self._handling(other, "senior", "ROUTINE")
        draft = draft_of("declaration", handling, fields, "", one.side.language, attached)
        self._say(one, draft, one.side.seniors)

    def _tell(self, xa: Organisation, xb: Organisation) -> None:
        """The clock, the notification, the question, the answer; then what both ledgers make of it."""
        self._await("clock")
        draft = self._incident(xa, xb)
        letter, _ = preview(draft, self._asked(self._line(xa).board), self._now_s())
        known_s = self._detected_s(xa)
        clock = accounts.clock_of(self._parts, xa, ACCORD, letter.content, known_s)
        self.heard = replace(self.heard, clock=clock, letter=letter)
        self._await("notify")
        message = self._say(xa, draft, (xa.side.desk,))
        notified = self._read(xb, message)
        self.heard = replace(self.heard, letter=notified)
        question = self._ask(xb, notified)
        self._until(lambda: self._receipts(xa, message)[1] is not None, "XB's officer to open it")
        self.heard = replace(self.heard, notified=self._told(xa, notified))
        asked = self._read(xa, question)
        self.heard = replace(self.heard, asked=asked, letter=asked)
        self._await("reply")
        answer = self._answer(xa, asked)
        reply = self._read(xb, answer)
        self._until(lambda: self._receipts(xa, answer)[1] is not None, "XB's officer to open the answer")
        self.heard = replace(self.heard, letter=reply, answered=self._told_answer(xa, asked, reply))
        about = (f"XA/{INCIDENT}", message, question, answer)
        self._until(lambda: self._both_kept(about), "both ledgers to show the same")

    def _both_kept(self, about: Sequence[str]) -> bool:
        told = accounts.kept(self._parts, self.sides, ACCORD, about)
        self.heard = replace(self.heard, kept=told)
        named = {(one.node, one.obligation) for one in told.rows}
        return told.alike and {(side.code, accounts.INCIDENT) for side in SIDES} <= named

    def _incident(self, xa: Organisation, xb: Organisation) -> Draft:
        """What was measured of the attack, and what an officer adds to it."""
        with accounts.ledger(self._parts, xa) as stores:
            measured = incident_fields(attack_life(stores.facts, self._attack))
        fields = {
            **measured,
            "incident": (INCIDENT,),
            "incident-stage": ("initial",),
            "severity": ("serious",),
            "confidence": ("confirmed",),
            "asset-class": ("hospital",),
            "detected-at": (time_value(self._detected_s(xa)),),
            "measure": ("rate-limited",),
            "wish": ("for-information",),
        }
        handling = self._handling(xb, "desk", "IMMEDIATE")
        return draft_of("incident", handling, fields, REMARKS["incident"], xa.side.language, ())

    def _detected_s(self, xa: Organisation) -> int:
        with accounts.ledger(self._parts, xa) as stores:
            return attack_life(stores.facts, self._attack)[0].at_ms // 1000

    def _ask(self, xb: Organisation, about: Letter) -> Digest:
        fields = {
            "subject": ("incident",),
            "incident": (INCIDENT,),
            "question": ("which-measures", "which-end"),
            "answer-by": (time_value(self._now_s() + ANSWER_WITHIN_S),),
        }
        return self._reply(xb, about, "clarification-request", fields)

    def _answer(self, xa: Organisation, about: Letter) -> Digest:
        fields = {
            "incident": (INCIDENT,),
            "finding": ("known-unauthorised",),
            "cause": ("unknown",),
            "measure": ("rate-limited", "evidence-preserved"),
        }
        return self._reply(xa, about, "clarification-reply", fields)

    def _reply(
        self, one: Organisation, about: Letter, form: FormName, fields: Mapping[str, tuple[str, ...]]
    ) -> Digest:
        board = self._asked(self._line(one).board)
        handling = reply_handling(Question(about.known.message, about.content), board, "desk")
        draft = draft_of(form, handling, fields, REMARKS[form], one.side.language, ())
        return self._say(one, draft, (one.side.desk,))

    def _read(self, one: Organisation, message: Digest) -> Letter:
        """Waits for it, opens it, and signs the receipt that says so (R2)."""
        line = self._line(one)
        self._until(lambda: self._came(one, message) is not None, f"a message to come to {one.side.name}")
        board = self._asked(line.board)
        letter = letter_of(self._asked(lambda: line.message(message)), board, None)
        question = Question(message, letter.content)
        receipt = receipt_draft(question, board, "desk", "understood", self._now_s(), one.side.language)
        self._say(one, receipt, (one.side.desk,))
        return letter

    def _came(self, one: Organisation, message: Digest) -> ReceivedView | None:
        shown = self._asked(lambda: self._line(one).inbox(50, unread=False)).messages
        return next((view for view in shown if view.about.message == message), None)

    def _say(self, one: Organisation, draft: Draft, officers: Sequence[str]) -> Digest:
        """Composed by the node, signed here over its very bytes, and at the other side's station."""
        line = self._line(one)
        composed = self._asked(lambda: line.compose(draft))
        for name in officers:
            self._signed(line, composed.content, one, name)
        self._until(
            lambda: self._receipts(one, composed.message)[0] is not None, f"a receipt for {one.side.name}"
        )
        return composed.message

    def _signed(self, line: HotlineLine, content: bytes, one: Organisation, name: str) -> None:
        """A signature whose answer did not come may have been taken: given again, it is refused."""
        unanswered = False

        def sign() -> None:
            nonlocal unanswered
            try:
                line.sign(content, one.officer(name), one.keys[name])
            except OutsideFailed:
                unanswered = True
                raise
            except NotAllowed:
                if not unanswered:
                    raise

        self._asked(sign)

    def _receipts(self, one: Organisation, message: Digest) -> tuple[int | None, int | None]:
        """When the recipient's station had it (R1), and when an officer there had opened it (R2)."""
        for sent in self._asked(lambda: self._line(one).outbox(50, pending=False)).messages:
            if sent.about.message == message:
                return sent.copies[0].r1_s, sent.copies[0].r2_s
        return None, None

    def _told(self, xa: Organisation, letter: Letter) -> Notified:
        r1_s, r2_s = self._receipts(xa, letter.known.message)
        assert r1_s is not None, "it was waited for"
        assert r2_s is not None, "as was this one"
        return Notified(
            message=letter.known.message,
            reference=letter.content.reference,
            officers=letter.known.officers,
            languages=(XA.language, XB.language),
            pages={
                language: tuple(
                    page_text(page_of(letter.content, letter.known, language), PAGE_COLUMNS).splitlines()
                )
                for language in (XA.language, XB.language)
            },
            r1_s=r1_s,
            r2_s=r2_s,
        )

    def _told_answer(self, xa: Organisation, asked: Letter, reply: Letter) -> Answered:
        r1_s, _ = self._receipts(xa, reply.known.message)
        assert r1_s is not None, "it was waited for"
        return Answered(
            question=asked.known.message,
            asked=values(asked, "question"),
            reply=reply.known.message,
            finding=values(reply, "finding")[0],
            measures=values(reply, "measure"),
            r1_s=r1_s,
        )

    def _handling(self, to: Organisation, level: Level, precedence: Precedence) -> Handling:
        return Handling(
            recipients=(to.organisation,),
            mark="REAL",
            precedence=precedence,
            level=level,
            tlp="TLP:AMBER",
            pap="PAP:AMBER",
            accord=ACCORD,
            answers=None,
            reference="",
            expires_at_s=None,
        )

    def _line(self, one: Organisation) -> HotlineLine:
        return HotlineLine(self._parts.control_line(one.state))

    def _now_s(self) -> int:
        return self._parts.clock().now_ms() // 1000

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """The node's answer. One that is too busy to give it is asked again, as it tells people to do."""
        for _ in range(ASKED_MAX - 1):
            try:
                return ask()
            except OutsideFailed as failure:
                log.debug("%s", failure)
            self._must_go_on()
            self._stopping.wait(LOOK_EVERY_S)
        return ask()

    def _await(self, step: Step) -> None:
        while not self._begun[step].wait(LOOK_EVERY_S):
            self._must_go_on()

    def _until(self, true: Callable[[], bool], what: str) -> None:
        for _ in range(round(PATIENCE_S / LOOK_EVERY_S)):
            if true():
                return
            self._must_go_on()
            self._stopping.wait(LOOK_EVERY_S)
        raise OutsideFailed(
            f"waited {PATIENCE_S:.0f} s for {what}", "the demo", "Give the machine some rest."
        )

    def _must_go_on(self) -> None:
        if self._stopping.is_set():
            raise Stopped


def values(letter: Letter, name: str) -> tuple[str, ...]:
    return next((field.values for field in letter.content.fields if field.name == name), ())
