"""A test that needs a real peer says so when the peer is missing, and in CI it fails."""

import sys
from pathlib import Path

import pytest

from tests.conftest import require_peer
from tests.lab import namespaces


def test_a_missing_peer_is_skipped_over_visibly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="gobgpd is not installed: there is no /missing/gobgpd"):
        require_peer("gobgpd", "/missing/gobgpd")


def test_in_ci_a_missing_peer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="gobgpd is not installed"):
        require_peer("gobgpd", "/missing/gobgpd")


def test_a_peer_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert require_peer("python", sys.executable) == Path(sys.executable)


@pytest.mark.parametrize(
    ("user", "in_ci", "outcome", "why"),
    [
        (0, True, pytest.fail.Exception, "root has no missing, no /missing/tun"),
        (0, False, pytest.skip.Exception, "there is no missing, no"),
        (1_000, True, pytest.skip.Exception, "made by root only"),
        (1_000, False, pytest.skip.Exception, "made by root only"),
    ],
)
def test_who_is_root_passes_over_no_namespaces_in_ci(
    user: int, in_ci: bool, outcome: type[BaseException], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setenv("CI", "true" if in_ci else "")
    monkeypatch.setattr(namespaces, "TUN", "/missing/tun")
    with pytest.raises(outcome, match=why):
        namespaces.require_namespaces("missing", tun=True)
