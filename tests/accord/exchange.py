"""Messages between parties without a hotline: contents as officers would sign them, in two ledgers."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from tests.accord.written import WRITTEN
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.app.accord.books import Books, Message, Receipt, books_of
from tidegate.hotline.content import end_number
from tidegate.hotline.values import time_value
from tidegate.model.messages import Attachment, CodedField, Content
from tidegate.model.value_bytes import bytes_of

ORGANISATIONS = {"XA": "a" * 64, "XB": "b" * 64, "QM": "c" * 64}
PARTIES = ("XA", "XB")
HOUR_S, DAY_S = 3_600, 86_400
START_S = begin_of_day(parse_day("2028-01-03"))

FILE = WRITTEN.replace(b'code = "XA"', b'code = "XA"\norganisation = "' + b"a" * 64 + b'"').replace(
    b'code = "XB"', b'code = "XB"\norganisation = "' + b"b" * 64 + b'"'
)


class Exchange:
    """What two parties say to each other; each ledger numbers its own facts."""

    def __init__(self, written: bytes = FILE) -> None:
        self.written = written
        self.said: list[tuple[str, Content, tuple[bytes, ...], int | None]] = []

    def say(
        self,
        by: str,
        form: str,
        at_s: int,
        /,
        *,
        lag_s: int | None = 2,
        answers: str | None = None,
        **fields: Any,
    ) -> str:
        """A message under the accord; `lag_s` later the other station has it, never where it is None."""
        level = fields.pop("level", "desk")
        language = fields.pop("language", "en")
        attachments = fields.pop("attachments", ())
        coded = tuple(
            CodedField(name.replace("_", "-"), tuple(values) if isinstance(values, tuple) else (values,))
            for name, values in sorted(fields.items())
        )
        content = Content(
            version=1,
            sender=ORGANISATIONS[by],
            recipients=tuple(sorted(ORGANISATIONS[one] for one in PARTIES if one != by)),
            reference=f"{by}/{len(self.said)}",
            nonce=f"{len(self.said):032x}",
            composed_at_s=at_s,
            expires_at_s=None,
            precedence="ROUTINE",
            level=level,
            mark="REAL",
            form=form,  # type: ignore[arg-type]
            accord="XA-XB-2028",
            answers=answers,
            tlp="TLP:AMBER",
            pap="PAP:AMBER",
            language=language,
            fields=coded,
            remarks="",
            attachments=tuple(
                Attachment(f"file-{number}.toml", "application/toml", len(body), sha256(body).hexdigest())
                for number, body in enumerate(attachments)
            ),
            extensions=(),
            end=end_number("", len(coded), len(attachments)),
        )
        self.said.append((by, content, tuple(attachments), None if lag_s is None else at_s + lag_s))
        return sha256(bytes_of(content)).hexdigest()

    def sign(self, by: str, at_s: int, act: str = "made") -> str:
        digest = sha256(self.written).hexdigest()
        return self.say(
            by, "declaration", at_s, level="senior", attachments=(self.written,), declaration="accord",
            act=act, accord_digest=digest,
        )  # fmt: skip

    def ledger(self, party: str) -> Books:
        """What one party's node makes of its own ledger: other facts, the same messages."""
        messages: list[Message] = []
        receipts: list[Receipt] = []
        number = 100 if party == "XA" else 5_000
        for by, content, attachments, received_s in self.said:
            digest = sha256(bytes_of(content)).hexdigest()
            ours = by == party
            if not ours and received_s is None:
                continue
            number += 3
            at_s = content.composed_at_s if ours else received_s or 0
            messages.append(Message(digest, content, attachments, number, at_s, ours))
            if received_s is not None:
                receipts += [Receipt(digest, one, received_s, number + 1) for one in content.recipients]
        return books_of(messages, receipts)


def notice(exchange: Exchange, by: str, at_s: int, begins_s: int, number: str, **more: Any) -> str:
    return exchange.say(
        by, "notice", at_s, notice="exercise", notice_stage="announced", notice_number=number,
        **{"from": time_value(begins_s)}, until=time_value(begins_s + DAY_S), simulated_attack="no", **more,
    )  # fmt: skip


def standings(books: Books, now_s: int) -> Sequence[tuple[str, str, int | None]]:
    """(name, stage, due) of every instance, which must not depend on whose ledger it is."""
    reckoning = books.current("XA-XB-2028", now_s).reckoning()
    return [(one.name, str(one.stage), one.due_s) for one in reckoning.standing(now_s)]


def with_fields(content: Content, **changes: Any) -> Content:
    return msgspec.structs.replace(content, **changes)
