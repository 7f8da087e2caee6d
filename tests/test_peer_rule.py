"""A test that needs a real peer says so when the peer is missing, and in CI it fails."""

import sys
from pathlib import Path

import pytest

from tests.conftest import require_peer


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
