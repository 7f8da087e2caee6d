"""What is carried by hand comes out as it went in, whatever carried it, or it is said what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import require_peer
from tidegate.adapters.hotline.carrying import SCREEN_CHARACTERS, HandCarrier
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.carrying import Carried
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.carried import (
    LINES_MAX,
    decode_file,
    decode_line,
    encode_file,
    encode_lines,
    joined_lines,
    missing,
)

ENVELOPES = (os.urandom(5_000), os.urandom(1_300))
envelopes = st.lists(st.binary(min_size=1, max_size=90), min_size=1, max_size=5)


@given(envelopes, st.data())
def test_a_file_comes_back_and_any_change_of_it_is_noticed(given: list[bytes], data: st.DataObject) -> None:
    file = encode_file(given)
    assert decode_file(file) == tuple(given)
    at = data.draw(st.integers(0, len(file) - 1))
    changed = bytearray(file)
    changed[at] ^= data.draw(st.integers(1, 255))
    for other in (bytes(changed), file[:at], file + b"x"):
        with pytest.raises(Malformed):
            decode_file(other)


@given(envelopes, st.integers(40, 120), st.randoms(use_true_random=False), st.data())
def test_lines_come_back_in_any_order_and_a_misread_one_is_known(
    given: list[bytes], characters: int, luck: "object", data: st.DataObject
) -> None:
    file = encode_file(given)
    lines = encode_lines(file, characters)
    assert max(map(len, lines)) <= characters
    read = {line.number: line for line in map(decode_line, reversed(lines))}
    assert joined_lines(read) == file
    number = data.draw(st.integers(1, len(lines)))
    text = lines[number - 1]
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
    with pytest.raises(Malformed):
        decode_line(wrong)
    del read[number]
    assert missing(read) == ([number] if read else [])


def test_too_much_for_codes_is_told() -> None:
    with pytest.raises(NotAllowed, match="carry them as a file"):
        encode_lines(bytes(LINES_MAX * SCREEN_CHARACTERS), SCREEN_CHARACTERS)
    with pytest.raises(NotAllowed, match="at least one envelope"):
        encode_file([])


def test_a_stick_with_everything_on_it(tmp_path: Path) -> None:
    carrier = HandCarrier()
    carrier.write_file(tmp_path / "one.tgx", ENVELOPES[:1])
    carrier.write_mail(tmp_path / "two.eml", ENVELOPES[1:], "XA-CERT", "XB-CERT")
    lines = encode_lines(encode_file([b"third"]), 60)
    (tmp_path / "scanned.txt").write_text("\n".join(f"  scanned: {line.lower()} " for line in lines[::-1]))
    (tmp_path / "holiday.txt").write_text("nothing")
    read = carrier.read([tmp_path])
    assert set(read.envelopes) == {*ENVELOPES, b"third"}
    assert read.problems == (
        f"{tmp_path / 'holiday.txt'}: nothing of the hotline in it that was not read already",
    )


def test_missing_codes_are_named_and_cut_files_are_told(tmp_path: Path) -> None:
    lines = encode_lines(encode_file([b"x" * 200]), 60)
    (tmp_path / "scanned.txt").write_text("\n".join([*lines[:2], *lines[4:], lines[0][:-9] + "00000000X"]))
    (tmp_path / "cut.tgx").write_bytes(encode_file(ENVELOPES)[:-7])
    read = HandCarrier().read([tmp_path])
    assert read.envelopes == ()
    assert [problem.partition(": ")[2] for problem in read.problems] == [
        "the file was cut or altered on its way",
        "no line of a carried file",
        f"2 of {len(lines)} are missing: 3, 4",
    ]


def test_a_mail_says_what_to_do_and_is_a_mail(tmp_path: Path) -> None:
    HandCarrier().write_mail(tmp_path / "m.eml", ENVELOPES, "XA-CERT", "XB-CERT")
    text = (tmp_path / "m.eml").read_text()
    assert "tidegate hotline import FILE" in text
    assert "XA-CERT and XB-CERT" in text
    assert max(map(len, text.splitlines())) < 100


def test_nothing_is_written_over(tmp_path: Path) -> None:
    carrier = HandCarrier()
    carrier.write_file(tmp_path / "one.tgx", ENVELOPES)
    for write in (carrier.write_file, lambda path, some: carrier.write_mail(path, some, "XA", "XB")):
        with pytest.raises(OutsideFailed, match="does not exist yet"):
            write(tmp_path / "one.tgx", ENVELOPES)
    with pytest.raises(OutsideFailed, match="cannot be read"):
        carrier.read([tmp_path / "missing"])


@pytest.mark.peer
def test_printed_codes_are_read_by_a_real_reader(tmp_path: Path) -> None:
    require_peer("zbar-tools", "/usr/bin/zbarimg")
    carrier = HandCarrier()
    written = carrier.write_codes(tmp_path / "codes", ENVELOPES)
    assert carrier.read([tmp_path / "codes"]) == Carried(ENVELOPES, ())
    written[1].unlink()
    assert carrier.read([tmp_path / "codes"]).problems[0].endswith("are missing: 2")


@pytest.mark.peer
def test_a_code_on_a_screen_is_read_by_a_real_reader(tmp_path: Path) -> None:
    """The rows of half blocks, drawn dot by dot as a terminal would."""
    require_peer("zbar-tools", "/usr/bin/zbarimg")
    shown = HandCarrier().codes_for_screen([b"an envelope" * 20])
    rows = shown[0].split("\n")
    assert max(map(len, rows)) <= 80
    pixels = [[dark for character in row for dark in half(character)] for row in rows if row]
    upper = [[pair[0] for pair in zip(row[::2], row[1::2], strict=True)] for row in pixels]
    lower = [[pair[1] for pair in zip(row[::2], row[1::2], strict=True)] for row in pixels]
    drawn = [line for pair in zip(upper, lower, strict=True) for line in pair]
    picture = tmp_path / "screen.pgm"
    scale = 4
    body = b"".join(
        bytes(0 if dark else 255 for dark in line for _ in range(scale)) * scale for line in drawn
    )
    picture.write_bytes(b"P5 %d %d 255\n" % (len(drawn[0]) * scale, len(drawn) * scale) + body)
    reader = shutil.which("zbarimg")
    assert reader is not None
    read = subprocess.run([reader, "-q", "--raw", str(picture)], capture_output=True, text=True, check=False)
    assert decode_line(read.stdout.strip()).number == 1


def half(character: str) -> tuple[bool, bool]:
    """Whether the upper and the lower half of a cell are dark, light being what the terminal draws."""
    return {" ": (True, True), "█": (False, False), "▀": (False, True), "▄": (True, False)}[character]
