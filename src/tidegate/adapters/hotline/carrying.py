"""Writing and reading what is carried by hand (tidegate.ports.carrying.Carrier)."""

import email
import email.policy
import io
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from tidegate.model.refusals import Malformed
from tidegate.ports.carrying import Carried
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.carried import (
    FILE_BYTES_MAX,
    MAGIC,
    Line,
    decode_file,
    decode_line,
    encode_file,
    encode_lines,
    joined_lines,
    missing,
)

MAIL_BYTES_MAX = 96 << 20
"""Bytes of a mail or any other file in which envelopes are looked for; a longer one is told and left out."""

FILES_MAX = 4_096
"""Files looked at in one reading; further ones are told and left out."""

MAIL_PARTS_MAX = 64
"""Parts of a mail that are looked at; further ones are left out."""

READER_SECONDS_MAX = 60
"""A picture that takes the code reader longer is told and left out."""

PNG_CHARACTERS: Final = 1_400
SCREEN_CHARACTERS: Final = 420
"""What fits a code of version 25, for paper, and one of version 13, 77 columns wide, for a screen."""

NAME: Final = "tidegate.tgx"
PNG: Final = b"\x89PNG\r\n\x1a\n"
READER: Final = "zbarimg"

_MAIL: Final = """\
This mail carries sealed messages of the hotline between {sender} and {recipient}.

Nobody but their recipient can open them, and a change on the way is noticed. Save the attachment
(or this whole mail) and let your station take it:

    tidegate hotline import FILE

What it then prints or writes for the way back are receipts: send them the same way.
"""


class HandCarrier:
    def write_file(self, path: Path, envelopes: Sequence[bytes]) -> None:
        _write_new(path, encode_file(envelopes))

    def write_mail(self, path: Path, envelopes: Sequence[bytes], sender: str, recipient: str) -> None:
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["Subject"] = "Tidegate hotline"
        mail.set_content(_MAIL.format(sender=sender, recipient=recipient))
        mail.add_attachment(
            encode_file(envelopes), maintype="application", subtype="vnd.tidegate.envelopes", filename=NAME
        )
        _write_new(path, mail.as_bytes())

    def write_codes(self, folder: Path, envelopes: Sequence[bytes]) -> list[Path]:
        import segno

        lines = encode_lines(encode_file(envelopes), PNG_CHARACTERS)
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            remedy = "Name a folder that does not exist yet."
            raise OutsideFailed(f"no folder for the codes ({error.strerror})", str(folder), remedy) from error
        written: list[Path] = []
        for number, line in enumerate(lines, 1):
            picture = io.BytesIO()
            segno.make_qr(line, mode="alphanumeric", error="m").save(picture, kind="png", scale=5)
            written.append(folder / f"{number:04d}-of-{len(lines):04d}.png")
            _write_new(written[-1], picture.getvalue())
        return written

    def codes_for_screen(self, envelopes: Sequence[bytes]) -> list[str]:
        import segno

        shown: list[str] = []
        for line in encode_lines(encode_file(envelopes), SCREEN_CHARACTERS):
            screen = io.StringIO()
            segno.make_qr(line, mode="alphanumeric", error="m").terminal(screen, border=4, compact=True)
            shown.append(screen.getvalue())
        return shown

    def read(self, paths: Sequence[Path]) -> Carried:
        reading = _Reading()
        for count, path in enumerate(_files(paths)):
            if count == FILES_MAX:
                reading.problems.append(f"more than {FILES_MAX} files: the others were not read")
                break
            reading.add(path)
        return reading.carried()


class _Reading:
    """What many files hold together: the lines of one carried file may lie in any of them."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._envelopes: dict[bytes, None] = {}
        self._lines: dict[str, dict[int, Line]] = {}

    def add(self, path: Path) -> None:
        body = _read(path)
        if len(body) > MAIL_BYTES_MAX:
            self.problems.append(f"{path}: longer than {MAIL_BYTES_MAX} bytes, and not read")
            return
        before = len(self._envelopes), sum(map(len, self._lines.values())), len(self.problems)
        if body.startswith(MAGIC):
            self._add_file(path, body)
        elif body.startswith(PNG):
            self._add_text(path, _codes_in(path))
        elif b"TG1:" in body[: 1 << 20].upper():
            self._add_text(path, body.decode(errors="replace"))
        else:
            self._add_mail(path, body)
        if before == (len(self._envelopes), sum(map(len, self._lines.values())), len(self.problems)):
            self.problems.append(f"{path}: nothing of the hotline in it that was not read already")

    def carried(self) -> Carried:
        for name, lines in self._lines.items():
            if lacking := missing(lines):
                told = ", ".join(map(str, lacking[:20])) + (" ..." if len(lacking) > 20 else "")
                of = next(iter(lines.values())).count
                self.problems.append(f"codes {name}: {len(lacking)} of {of} are missing: {told}")
                continue
            try:
                self._add_file(Path(f"codes {name}"), joined_lines(lines))
            except Malformed as refusal:
                self.problems.append(f"codes {name}: {refusal.reason}")
        return Carried(tuple(self._envelopes), tuple(self.problems))

    def _add_file(self, path: Path, body: bytes) -> None:
        try:
            self._envelopes |= dict.fromkeys(decode_file(body))
        except Malformed as refusal:
            self.problems.append(f"{path}: {refusal.reason}")

    def _add_text(self, path: Path, text: str) -> None:
        for number, row in enumerate(text.splitlines(), 1):
            begin = row.upper().find("TG1:")
            if begin < 0:
                continue
            try:
                line = decode_line(row[begin:])
            except Malformed as refusal:
                self.problems.append(f"{path}, line {number}: {refusal.reason}")
                continue
            self._lines.setdefault(line.file, {})[line.number] = line

    def _add_mail(self, path: Path, body: bytes) -> None:
        mail = email.message_from_bytes(body, policy=email.policy.default)
        for count, part in enumerate(mail.walk()):
            if count == MAIL_PARTS_MAX:
                return
            content = part.get_payload(decode=True) if not part.is_multipart() else None
            if isinstance(content, bytes) and content.startswith(MAGIC):
                self._add_file(path, content)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (inner for inner in sorted(path.iterdir()) if inner.is_file())
        else:
            yield path


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAIL_BYTES_MAX + 1)
    except OSError as error:
        remedy = "Check the name, and that the stick is mounted."
        raise OutsideFailed(f"it cannot be read ({error.strerror})", str(path), remedy) from error


def _codes_in(path: Path) -> str:
    """By zbarimg of the package zbar-tools: pictures are read outside this process."""
    reader = shutil.which(READER)
    if reader is None:
        remedy = "Install zbar-tools, or scan the codes with anything and give the text."
        raise OutsideFailed("no program that reads codes is installed", READER, remedy)
    command = [reader, "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=READER_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout[:FILE_BYTES_MAX].decode(errors="replace")


def _write_new(path: Path, body: bytes) -> None:
    """Whole and durable, or not there: somebody pulls the stick out as soon as this returns."""
    try:
        with open(path, "xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remedy = "Name a file that does not exist yet, in a folder that you may write."
        raise OutsideFailed(f"it cannot be written ({error.strerror})", str(path), remedy) from error
