"""How a console is reached, and how a passkey comes onto the roster: over TLS, and by a person."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from tests.passkeys import SoftPasskey
from tests.stand_ins import HandClock
from tidegate.__main__ import PARTS
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.app.console import entering
from tidegate.app.console.serving import address_of
from tidegate.cli.door import front
from tidegate.mitigate.roster import roster_from
from tidegate.model.plans import Officer
from tidegate.model.refusals import Full, NotAllowed

SOME = Path("some.pem")


@pytest.mark.parametrize(
    ("listen", "origin", "files", "why"),
    [
        ("0.0.0.0:8080", None, None, "from other machines"),
        ("192.0.2.1:8080", "https://console.example.org", None, "from other machines"),
        ("[::]:8080", "https://console.example.org", None, "from other machines"),
        ("0.0.0.0:8443", None, SOME, "under which name"),
        ("0.0.0.0:8443", "http://console.example.org", SOME, "no origin"),
        ("0.0.0.0:8443", "https://192.0.2.1", SOME, "no origin"),
        ("127.0.0.1:8443", "http://localhost:8443", SOME, "served with a certificate"),
        ("127.0.0.1:8080", "https://console.example.org/path", None, "no origin"),
    ],
)
def test_an_address_without_tls_is_refused(
    listen: str, origin: str | None, files: Path | None, why: str
) -> None:
    with pytest.raises(NotAllowed, match=why):
        address_of(listen, origin, files, files)


def test_loopback_needs_no_certificate_and_a_proxy_may_stand_before_it() -> None:
    assert address_of("127.0.0.1:8080", None, None, None).origin == "http://localhost:8080"
    behind = address_of("127.0.0.1:8080", "https://console.example.org", None, None)
    assert (behind.rp_id, behind.authority, behind.is_secure) == ("console.example.org",) * 2 + (True,)
    with pytest.raises(NotAllowed, match="go together"):
        address_of("127.0.0.1:8080", None, SOME, None)


def made_by(key: SoftPasskey, level: str = "senior") -> entering.Made:
    officer = key.officer
    assert officer.passkey is not None
    return entering.Made(
        name=key.name,
        level=level,
        public_key=officer.public_key,
        passkey=officer.passkey,  # type: ignore[arg-type]
    )


def test_a_code_counts_once_for_one_person_and_not_for_long(tmp_path: Path) -> None:
    shelf, key, clock = FolderShelf(tmp_path), SoftPasskey("pari"), HandClock()
    now_ms = clock.now_ms()
    invitation = entering.Invitation(name="pari", level="senior", until_ms=now_ms + 1000)
    entering.invite(shelf, "ABCD-EFGH", invitation, now_ms)
    assert entering.invitation_of(shelf, "abcd efgh", now_ms) == invitation
    for code, at_ms in (("ABCD-EFGX", now_ms), ("", now_ms), ("ABCD-EFGH", now_ms + 1000)):
        with pytest.raises(NotAllowed, match="this code is none"):
            entering.lay_down(shelf, code, made_by(key), at_ms)
    for other in (made_by(SoftPasskey("eve")), made_by(key, "desk")):
        with pytest.raises(NotAllowed, match="somebody else"):
            entering.lay_down(shelf, "ABCD-EFGH", other, now_ms)
    entering.lay_down(shelf, "ABCD-EFGH", made_by(key), now_ms)
    assert entering.answered(shelf, "ABCD-EFGH") == made_by(key)
    with pytest.raises(NotAllowed, match="this code is none"):
        entering.lay_down(shelf, "ABCD-EFGH", made_by(key), now_ms)
    assert all("ABCD" not in name for name in shelf.names(entering.FOLDER))


def test_who_made_a_passkey_sees_what_became_of_it(tmp_path: Path) -> None:
    shelf, key, now_ms = FolderShelf(tmp_path), SoftPasskey("pari"), HandClock().now_ms()
    invitation = entering.Invitation(name="pari", level="senior", until_ms=now_ms + 1000)
    made = made_by(key)
    entering.invite(shelf, "ABCD-EFGH", invitation, now_ms)
    entering.lay_down(shelf, "ABCD-EFGH", made, now_ms)

    def stands(credential: str, *live: Officer) -> str:
        return entering.standing(shelf, "abcd efgh", credential, lambda: live)

    assert stands(made.passkey.credential) == "waiting"
    assert stands(made.passkey.credential, SoftPasskey("eve").officer) == "waiting"
    assert stands(made.passkey.credential, key.officer) == "on-roster"

    def wrote_meanwhile() -> tuple[Officer, ...]:
        entering.forget(shelf, "ABCD-EFGH")
        return (key.officer,)

    # The terminal may write the roster and forget the code between two looks.
    assert entering.standing(shelf, "abcd efgh", made.passkey.credential, wrote_meanwhile) == "on-roster"
    assert stands(made.passkey.credential) == "over"


def test_so_many_invitations_wait_and_those_that_are_over_make_room(tmp_path: Path) -> None:
    shelf, now_ms = FolderShelf(tmp_path), HandClock().now_ms()
    invitation = entering.Invitation(name="pari", level="desk", until_ms=now_ms + 1000)
    for number in range(entering.INVITATIONS_MAX):
        entering.invite(shelf, f"CODE{number}", invitation, now_ms)
    with pytest.raises(Full):
        entering.invite(shelf, "ONE-MORE", invitation, now_ms)
    later = msgspec.structs.replace(invitation, until_ms=now_ms + 5000)
    entering.invite(shelf, "ONE-MORE", later, now_ms + 1000)


def test_a_fingerprint_is_over_all_that_goes_onto_the_roster() -> None:
    made = made_by(SoftPasskey("pari"))
    passkey = made.passkey
    others = [
        made_by(SoftPasskey("eve")),
        msgspec.structs.replace(made, level="desk"),
        msgspec.structs.replace(made, public_key=SoftPasskey("eve").public_key),
        msgspec.structs.replace(
            made, passkey=msgspec.structs.replace(passkey, origin="https://x.example.org")
        ),
        msgspec.structs.replace(made, passkey=msgspec.structs.replace(passkey, credential="AAAA")),
    ]
    assert len({entering.fingerprint(one) for one in (made, *others)}) == len(others) + 1


@pytest.mark.parametrize("same", ["y", "n"])
def test_the_terminal_writes_the_roster_only_after_a_person_compared(tmp_path: Path, same: str) -> None:
    shelf, key, results = FolderShelf(tmp_path / "console"), SoftPasskey("pari"), []
    parts = replace(PARTS, environ={"TIDEGATE_STATE": str(tmp_path), "HOME": str(tmp_path)})

    def invite() -> None:
        arguments = ["officer", "add", "pari", "--level", "senior", "--passkey"]
        results.append(
            CliRunner().invoke(front, arguments, obj=parts, input=f"{same}\n", standalone_mode=False)
        )

    command = threading.Thread(target=invite)
    command.start()
    while not (waiting := shelf.names(entering.FOLDER)):
        assert command.is_alive(), results
        time.sleep(0.01)
    # As the console lays it down, whose browser was given the code.
    shelf.put({f"made/{waiting[0]}": msgspec.json.encode(made_by(key))})
    command.join()
    result: Result = results[0]
    roster = tmp_path / "officers.toml"
    if same == "y":
        assert entering.fingerprint(made_by(key)) in result.output
        assert [one.officer for one in roster_from(roster.read_text()).members] == [
            msgspec.structs.replace(key.officer, level="senior")
        ]
    else:
        assert not roster.exists()
    assert not shelf.names(entering.FOLDER)
    assert not shelf.names("made")
