"""Signing by an SSH agent: a real one, and ones that lie."""

import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.test_keys import a_pem
from tests.conftest import require_peer
from tidegate.adapters.keys import read_public
from tidegate.adapters.ssh_agent import SshAgent, agent_of, string
from tidegate.mitigate.approval import holds
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """A real agent that holds one Ed25519 key and one of another kind."""
    program = require_peer("OpenSSH", "/usr/bin/ssh-agent")
    path = str(tmp_path / "agent.sock")
    running = subprocess.Popen([program, "-D", "-a", path], stdout=subprocess.DEVNULL)
    try:
        while not os.path.exists(path):
            assert running.poll() is None
        for kind, name in (("ed25519", "anna"), ("ecdsa", "other")):
            key = str(tmp_path / name)
            subprocess.run(["/usr/bin/ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key], check=True)
            subprocess.run(
                ["/usr/bin/ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": path}, check=True
            )
        yield path
    finally:
        running.terminate()
        running.wait()


def test_a_real_agent_signs_with_the_officer_s_key(agent: str, tmp_path: Path) -> None:
    signer = agent_of({"SSH_AUTH_SOCK": agent})
    public = read_public(tmp_path / "anna.pub")
    assert signer.public_keys() == [public]
    words = b"tidegate/plan-approval/1\x00" + b"x" * 100_000
    assert holds(public, signer.sign(public, words), words)


def test_a_key_that_the_agent_does_not_hold_does_not_sign(agent: str) -> None:
    with pytest.raises(NotAllowed, match="does not sign"):
        SshAgent(agent).sign("11" * 32, b"words")


def test_a_locked_agent_shows_no_key_and_signs_nothing(agent: str, tmp_path: Path) -> None:
    public = read_public(tmp_path / "anna.pub")
    lock = string(bytes([22]) + string(b"passphrase"))  # SSH_AGENTC_LOCK
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(agent)
        link.sendall(lock)
        link.recv(100)
    assert SshAgent(agent).public_keys() == []
    with pytest.raises(NotAllowed):
        SshAgent(agent).sign(public, b"words")


def test_no_agent_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="--key FILE"):
        agent_of({})
    with pytest.raises(OutsideFailed, match="ssh-add"):
        SshAgent(str(tmp_path / "nobody")).public_keys()


@contextmanager
def an_agent_that_answers(folder: Path, answer: bytes) -> Iterator[SshAgent]:
    path = str(folder / "liar.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(1)

        def lie() -> None:
            link, _ = listening.accept()
            with link:
                link.recv(1 << 16)
                link.sendall(answer)

        liar = threading.Thread(target=lie)
        liar.start()
        yield SshAgent(path)
        liar.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x00",
        struct.pack(">I", 0),
        struct.pack(">I", 1 << 30) + b"\x0c",
        string(b"\x0c"),
        string(b"\x0c" + struct.pack(">I", 1 << 20)),
        string(b"\x0c" + struct.pack(">I", 1) + string(b"short")),
    ],
    ids=["nothing", "a part", "empty", "endless", "no count", "too many", "cut short"],
)
def test_an_agent_that_makes_no_sense_is_told(answer: bytes, tmp_path: Path) -> None:
    with an_agent_that_answers(tmp_path, answer) as agent, pytest.raises(OutsideFailed):
        agent.public_keys()


def test_a_signature_of_another_kind_is_none(tmp_path: Path) -> None:
    signed = string(b"\x0e" + string(string(b"ssh-rsa") + string(b"x" * 64)))
    with an_agent_that_answers(tmp_path, signed) as agent, pytest.raises(OutsideFailed, match="not Ed25519"):
        agent.sign("11" * 32, b"words")


def test_a_key_file_is_no_agent(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed):
        SshAgent(str(a_pem(tmp_path / "key"))).public_keys()
