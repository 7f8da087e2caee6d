"""`tidegate audit probe` as a user meets it, on a small country on loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from tests.audit.small_country import QUICK, Country, country
from tidegate.cli.exits import Exit
from tidegate.model.audits import AddressPlaced, NotSeen, PageSeen, ServiceListed
from tidegate.model.probe_settings import Pace
from tidegate.wire.observations import decode_observations

LIST = """
[[service]]
name = "Bank"
country = "XA"
domains = ["bank.xa"]
mail = ["bank.xa"]
"""

PLACES = (
    "prefix,network,organisation,countries\n127.91.4.0/24,64500,Home,XA\n127.91.0.0/16,64501,Abroad,XB XC\n"
)


def written(here: Country, folder: Path, pace: Pace = QUICK) -> list[str]:
    """The files of a user, and the command that names them."""
    told = msgspec.to_builtins(msgspec.structs.replace(here.settings, pace=pace))
    lines = []
    for name in ("contact", "trust_anchors", "networks", "authorities", "dns_timeout_ms", "timeout_ms"):
        lines.append(f"{name} = {json.dumps(told[name])}")
    lines.append("[roots]")
    lines += [f"{json.dumps(host)} = {json.dumps(found)}" for host, found in told["roots"].items()]
    for section in ("ports", "pace"):
        lines.append(f"[{section}]")
        lines += [f"{name} = {value}" for name, value in told[section].items()]
    (folder / "probe.toml").write_text("\n".join(lines) + "\n")
    (folder / "services.toml").write_text(LIST)
    (folder / "places.csv").write_text(PLACES)
    options = ["--settings", "probe.toml", "--places", "places.csv"]
    return [sys.executable, "-m", "tidegate", "audit", "probe", "services.toml", *options]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_a_list_of_services_becomes_an_audit(tmp_path: Path) -> None:
    with country(tmp_path) as here:
        ended = run(written(here, tmp_path), tmp_path)
    assert ended.returncode == Exit.FINE, ended.stdout + ended.stderr
    assert "Written to services.jsonl" in ended.stdout
    found = decode_observations((tmp_path / "services.jsonl").read_bytes(), "services.jsonl")
    assert [one.name for one in found if isinstance(one, ServiceListed)] == ["Bank"]
    assert [one.host for one in found if isinstance(one, PageSeen)] == ["bank.xa"]
    placed = {one.address: (one.network, one.countries) for one in found if isinstance(one, AddressPlaced)}
    assert placed["127.91.4.80"] == (64500, ("XA",))
    assert placed["127.91.5.80"] == (64501, ("XB", "XC"))


def test_what_could_not_be_seen_is_shown_and_is_a_finding(tmp_path: Path) -> None:
    with country(tmp_path) as here:
        command = written(here, tmp_path)
        del here.world.zones["cdn.xb"].records["scripts.cdn.xb", "A"]
        ended = run(command, tmp_path)
        as_json = json.loads(run([*command, "--json"], tmp_path).stdout)
    assert ended.returncode == Exit.FINDING
    assert "scripts.cdn.xb" in ended.stdout
    assert ["certificate", "no_such_name", 1, "scripts.cdn.xb (no address)"] in as_json["not_seen"]


def test_without_a_contact_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "services.txt").write_text("bank.xa\n")
    ended = run([sys.executable, "-m", "tidegate", "audit", "probe", "services.txt"], tmp_path)
    assert ended.returncode == Exit.CONFIGURATION
    assert "contact" in ended.stderr
    assert not list(tmp_path.glob("*.asked"))


def test_an_unknown_setting_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "services.txt").write_text("bank.xa\n")
    (tmp_path / "probe.toml").write_text('contact = "noc@example.net"\n[pace]\nsite_gap = 3\n')
    options = ["services.txt", "--settings", "probe.toml"]
    ended = run([sys.executable, "-m", "tidegate", "audit", "probe", *options], tmp_path)
    assert ended.returncode == Exit.CONFIGURATION
    assert "pace.site_gap: unknown key; the nearest known key is pace.site_gap_ms" in ended.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_probe_that_was_ended_goes_on_where_it_was(tmp_path: Path, end: signal.Signals) -> None:
    kept = tmp_path / "services.jsonl.asked"
    with country(tmp_path) as here:
        slow = written(here, tmp_path, Pace(dns_gap_ms=150, site_gap_ms=150))
        process = subprocess.Popen(
            slow, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not kept.exists() or kept.read_bytes().count(b"\n") < 12:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        os.kill(process.pid, end)
        process.communicate(timeout=60)
        if end == signal.SIGINT:
            broken = decode_observations((tmp_path / "services.jsonl").read_bytes(), "services.jsonl")
            assert process.returncode == Exit.FINDING
            assert any(isinstance(one, NotSeen) and one.source == "probe" for one in broken)
        else:
            assert not (tmp_path / "services.jsonl").exists()
        lines = kept.read_bytes().splitlines()
        before = {
            (one["server"], one["name"], one["type"]) for one in _questions(lines) if one["what"] == "dns"
        }
        here.servers.asked.clear()
        ended = run(written(here, tmp_path), tmp_path)
        again = {(one.server, one.name, one.type) for one in here.servers.asked}
    assert ended.returncode == Exit.FINE, ended.stdout + ended.stderr
    assert again
    assert not again & before


def _questions(lines: list[bytes]) -> list[dict[str, str]]:
    found = []
    for line in lines:
        try:
            found.append(json.loads(line)["question"])
        except ValueError:
            continue  # The last one, which was being written when the end came.
    return found
