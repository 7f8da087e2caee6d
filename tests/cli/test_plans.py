"""Officers at the command line: keys, words, and a node that believes nothing but signatures."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.border_stand_in import FAMILIES
from tests.conftest import require_peer
from tests.plan_world import World, quick_border
from tidegate.__main__ import PARTS
from tidegate.adapters import keys
from tidegate.adapters.control import SocketDoor
from tidegate.adapters.roster import TextRoster
from tidegate.cli.door import front
from tidegate.cli.exits import Exit, tell
from tidegate.mitigate.approval import holds
from tidegate.model.plan_bytes import PREFIX, plan_bytes

PASSPHRASE = "the tide comes in at six"


class Terminal:
    """Commands run as `tidegate` would run them, on one state folder, with one passphrase file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        secret = folder / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        secret.chmod(0o600)
        self.environ = {"TIDEGATE_PASSPHRASE_FILE": str(secret), "TIDEGATE_STATE": str(folder)}
        self.clock = PARTS.clock

    def run(self, *arguments: str, code: Exit = Exit.FINE, told: str | None = None) -> str:
        parts = replace(PARTS, environ=self.environ, clock=self.clock)
        result: Result = CliRunner(env={"SSH_AUTH_SOCK": self.environ.get("SSH_AUTH_SOCK")}).invoke(
            front, arguments, obj=parts, standalone_mode=False
        )
        ended = Exit.FINE if result.exception is None else tell(result.exception, debug=False)
        assert ended == code, (ended, result.output, result.exception)
        if told is not None:
            assert told in f"{result.output} {result.exception}", result.exception
        return result.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def add(terminal: Terminal, name: str, level: str = "desk") -> Path:
    key = terminal.folder / f"{name}.key"
    terminal.run("officer", "add", name, "--level", level, "--generate", str(key))
    return key


def test_an_officer_is_added_listed_and_revoked(terminal: Terminal) -> None:
    key = add(terminal, "anna", "senior")
    assert "BEGIN OPENSSH PRIVATE KEY" in key.read_text()
    assert (terminal.folder / "officers.toml").stat().st_mode & 0o777 == 0o600
    (told,) = map(json.loads, terminal.run("officer", "list", "--json").splitlines())
    assert (told["name"], told["level"], told["may_act"]) == ("anna", "senior", True)
    assert "anna" in terminal.run("officer", "list")
    terminal.run("officer", "revoke", "anna")
    (told,) = map(json.loads, terminal.run("officer", "list", "--json").splitlines())
    assert told["may_act"] is False


def test_an_officer_of_tomorrow_is_told_as_one(terminal: Terminal) -> None:
    add(terminal, "anna")
    roster = terminal.folder / "officers.toml"
    roster.write_text(re.sub("added = [0-9]{4}", "added = 2999", roster.read_text()))
    told = terminal.run("officer", "list")
    assert "not yet" in told
    assert "revoked" not in told


def test_a_public_key_of_openssh_makes_an_officer(terminal: Terminal, tmp_path: Path) -> None:
    keygen = require_peer("OpenSSH", "/usr/bin/ssh-keygen")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True)
    terminal.run("officer", "add", "bo", "--level", "desk", "--key", str(tmp_path / "k.pub"))
    terminal.run(
        "officer",
        "add",
        "eve",
        "--level",
        "desk",
        "--key",
        str(tmp_path / "k"),
        code=Exit.USAGE,
        told="private",
    )


def test_a_name_is_given_once_and_a_key_to_one_officer(terminal: Terminal) -> None:
    add(terminal, "anna")
    key = json.loads(terminal.run("officer", "list", "--json"))["public_key"]
    other = terminal.folder / "other"
    other.write_text(key)
    for name, told in (("anna", "never given twice"), ("bo", "have the same key")):
        terminal.run(
            "officer", "add", name, "--level", "desk", "--key", str(other), code=Exit.USAGE, told=told
        )
    terminal.run("officer", "revoke", "anna")
    again = ("officer", "add", "anna", "--level", "desk", "--generate", str(terminal.folder / "again"))
    terminal.run(*again, code=Exit.USAGE, told="never given twice")
    assert not (terminal.folder / "again").exists(), "no key is made for a name that cannot be given"
    terminal.run("officer", "revoke", "anna", code=Exit.USAGE, told="revoked before")
    terminal.run("officer", "revoke", "zoe", code=Exit.USAGE, told="no officer zoe")


def test_a_passphrase_file_that_others_read_is_refused(terminal: Terminal) -> None:
    (terminal.folder / "passphrase").chmod(0o644)
    key = str(terminal.folder / "key")
    terminal.run(
        "officer", "add", "anna", "--level", "desk", "--generate", key, code=Exit.USAGE, told="chmod 600"
    )


def test_commands_that_need_a_node_say_so_where_none_runs(terminal: Terminal) -> None:
    for command in (
        ("plan", "list"),
        ("plan", "show", "1"),
        ("plan", "scores"),
        ("plan", "approve", "1", "--key", "k", "--yes"),
        ("border", "check"),
        ("border", "show"),
        ("border", "withdraw-all", "--yes"),
    ):
        terminal.run(*command, code=Exit.OUTSIDE, told="no node runs there")


class Office(World):
    """The small world behind a real socket and with a real roster file; its clock is the commands' clock."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._over = threading.Event()
        super().__init__()
        terminal.clock = lambda: self.clock

    def start(self) -> None:
        super().start()
        self.officers._file = TextRoster(self._terminal.folder / "officers.toml")
        self.officers.read(0)
        self.record(*self.officers.changes(self.state, self.clock.now_ms()))
        self.desk._door = self.socket = SocketDoor(self._terminal.folder)
        self.socket.start()
        self._over.clear()
        self._answering = threading.Thread(target=self._answer)
        self._answering.start()

    def _answer(self) -> None:
        """The node's thread while a command waits; the world's own turns happen only between commands."""
        while not self._over.wait(0.002):
            self.desk.turn()

    def stop(self) -> None:
        self._over.set()
        self._answering.join()
        self.socket.stop()
        super().stop()


@pytest.fixture
def office(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    quick_border(monkeypatch)
    monkeypatch.setattr(keys, "KDF_ROUNDS", 1)
    for name, level in (("anna", "desk"), ("bo", "centre"), ("cara", "senior")):
        add(terminal, name, level)
    made = Office(terminal)
    # Officers were added by today's clock, and the world has its own: it is later.
    assert made.officers.roster.members[0].live_at(made.clock.now_ms(), 0)
    yield made
    made.stop()


def word(office: Office, intent: str, name: str, code: Exit = Exit.FINE, told: str | None = None) -> str:
    terminal = office._terminal
    key = str(terminal.folder / f"{name}.key")
    return terminal.run("plan", intent, "1", "--key", key, "--yes", code=code, told=told)


def test_a_plan_is_listed_shown_and_approved_by_two(office: Office) -> None:
    terminal = office._terminal
    assert "No plan at hand" in terminal.run("plan", "list")
    office.until_proposed()
    assert "proposed" in terminal.run("plan", "list", code=Exit.FINDING)
    shown = terminal.run("plan", "show", "1")
    for part in ("Rules", "Forecast (90 % interval)", "attack removed", "other bytes lost", "SHA-256"):
        assert part in shown
    assert "Still lacking" in word(office, "approve", "anna")
    assert "Plan 1 is approved." in word(office, "approve", "cara")
    office.run_until(lambda: office.stage() == "spot test", 30)
    view = json.loads(terminal.run("plan", "list", "--json"))
    assert view["in_force"]
    assert {word["officer"] for word in view["approvals"]} == {"anna", "cara"}
    assert view["sha256"] in shown


def test_what_is_signed_are_the_bytes_that_show_writes(office: Office) -> None:
    terminal = office._terminal
    office.until_proposed()
    file = terminal.folder / "plan.bytes"
    terminal.run("plan", "show", "1", "--bytes", str(file))
    assert file.read_bytes() == plan_bytes(office.life().plan)
    word(office, "approve", "anna")
    (given,) = office.life().standing.approvals
    public = office.officers.roster.members[0].officer.public_key
    assert holds(public, given.signature, PREFIX["approve"] + file.read_bytes())


def test_a_word_that_does_not_count_ends_with_5(office: Office) -> None:
    terminal = office._terminal
    office.until_proposed()
    word(office, "approve", "anna")
    word(office, "approve", "anna", Exit.NOT_APPROVED, "approved plan 1 before")
    terminal.run("officer", "revoke", "bo")
    word(office, "approve", "bo", Exit.NOT_APPROVED, "None of these keys")
    (terminal.folder / "officers.toml").chmod(0o666)
    word(office, "approve", "cara", Exit.NOT_APPROVED, "None of these keys")
    (terminal.folder / "officers.toml").chmod(0o600)
    office.clock.at_ms += 700_000
    word(office, "approve", "cara", Exit.NOT_APPROVED, "is over")


def test_one_refuses_and_one_withdraws(office: Office) -> None:
    office.until_proposed()
    assert "Plan 1 is refused" in word(office, "refuse", "bo")
    word(office, "withdraw", "bo", Exit.USAGE, "has ended")


def test_an_agent_signs(office: Office, tmp_path: Path) -> None:
    program = require_peer("OpenSSH", "/usr/bin/ssh-agent")
    terminal = office._terminal
    path = str(tmp_path / "agent.sock")
    agent = subprocess.Popen([program, "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        while not os.path.exists(path):
            assert agent.poll() is None
        ask = tmp_path / "askpass"
        ask.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
        ask.chmod(0o700)
        variables = {"SSH_AUTH_SOCK": path, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        subprocess.run(
            ["/usr/bin/ssh-add", "-q", str(terminal.folder / "anna.key")],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            check=True,
        )
        office.until_proposed()
        terminal.environ["SSH_AUTH_SOCK"] = path
        assert "Still lacking" in terminal.run("plan", "approve", "1", "--agent", "--yes")
    finally:
        agent.terminate()
        agent.wait()


def test_nobody_is_taken_to_agree_without_being_asked(office: Office) -> None:
    office.until_proposed()
    key = str(office._terminal.folder / "anna.key")
    office._terminal.run("plan", "approve", "1", "--key", key, code=Exit.USAGE, told="--yes")
    assert office.life().standing.approvals == ()


def test_the_border_is_shown_checked_and_cleared(office: Office) -> None:
    terminal = office._terminal
    office.until_proposed()
    word(office, "approve", "anna")
    word(office, "approve", "cara")
    office.run_until(lambda: office.stage() == "spot test", 30)
    office.border.receiver = {}
    office.run(1)
    live = [json.loads(line) for line in terminal.run("border", "show", "--json").splitlines()]
    assert {one["plan"] for one in live} == {1}
    assert "lease left" in terminal.run("border", "show")
    terminal.run("border", "check")
    assert "plans ended: 1" in terminal.run("border", "withdraw-all", "--yes")
    office.run(1)
    assert office.border.now() == []
    assert f"uid {os.getuid()}" in office.life().standing.why


def test_whatever_keeps_a_rule_from_being_held_or_seen_is_a_problem_of_the_border(office: Office) -> None:
    terminal, border = office._terminal, office.border
    border.receiver = {}
    office.run(1)
    assert "Problem" not in terminal.run("border", "check")
    border.families = ("ipv4 flowspec", "ipv4 unicast", "ipv6 unicast")
    office.run(1)
    lacking = terminal.run("border", "check", code=Exit.FINDING)
    assert "Problem: session r-south: Up at south without ipv6 flowspec" in lacking
    border.families, border.receiver = FAMILIES, None
    office.run(1)
    silent = terminal.run("border", "check", code=Exit.FINDING)
    assert "Problem: border point north: 0 of 1 receivers tell what is held here" in silent
    border.receiver, border.down = {}, {"north"}
    office.run(1)
    assert "Problem: session r-north: Down at north" in terminal.run("border", "check", code=Exit.FINDING)


def test_scores_are_shown(office: Office) -> None:
    terminal = office._terminal
    assert "No forecast" in terminal.run("plan", "scores")
    office.until_proposed()
    word(office, "approve", "anna")
    word(office, "approve", "cara")
    office.run_until(lambda: office.stage() == "widening", 100)
    word(office, "withdraw", "anna")
    assert "Of our last 1 forecasts" in terminal.run("plan", "scores")
    assert json.loads(terminal.run("plan", "scores", "--json"))["plan"] == 1


def test_a_node_that_shows_another_plan_gets_no_signature_for_it(office: Office) -> None:
    """Whoever holds the node can show a false plan; the word given then counts for the false one alone."""
    import msgspec

    office.until_proposed()
    true = office.life()
    false = msgspec.structs.replace(true.plan, rules=true.plan.rules[:0])
    shown = office.desk._view
    office.desk._view = lambda life: msgspec.structs.replace(shown(life), plan=false)  # type: ignore[method-assign]
    word(office, "approve", "anna", Exit.NOT_APPROVED, "does not hold")
