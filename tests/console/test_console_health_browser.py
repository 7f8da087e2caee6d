"""The Health screen in Chromium, in English and Persian: each way in which data goes missing, told in words.

The findings are those of the node's own window over reports of a collector, in a note where a node writes it.
"""

from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from tests.app.test_health import report
from tests.console.browsing import Person, Texts
from tests.console.test_console_browser import browser, served, world
from tests.console.test_console_hotline_browser import comes_in
from tests.console_world import Served, Watched
from tidegate.adapters.state_folder import LockedFolder
from tidegate.app.exporter_health import exporter_health
from tidegate.app.health import LATE_MS, SILENT_MS, SKEW_MS, HealthWindow
from tidegate.app.health_note import HealthNote
from tidegate.model.attacks import Rate
from tidegate.model.exporters import NETFLOW9
from tidegate.model.labels import Language, retold

__all__ = ["browser", "served", "world"]

CODES = (
    "silent",
    "without_template",
    "unknown_sampling",
    "clock_skew",
    "late_telemetry",
    "kernel_drops",
    "lost",
)


def troubled(now_ms: int) -> HealthNote:
    """One exporter for each trouble, and a kernel that drops."""
    second = now_ms // 1_000
    well = {"datagrams": 1_000, "last_received_ms": now_ms, "protocol": NETFLOW9}
    troubles = (
        {"last_received_ms": now_ms - SILENT_MS - 9_000},
        {"without_template": 7},
        {"unknown_sampling": 500},
        {"skew_ms": -SKEW_MS - 4_000, "sampling_rate": 1_000},
        {"age_max_ms": LATE_MS + 45_000, "sampling_rate": 1_000},
        {"lost": 30, "sampling_rate": 1_000},
    )
    before = report(second - 30, *(well | {"last_received_ms": now_ms - 30_000} for _ in troubles))
    now = report(
        second,
        *(well | {"datagrams": 1_030} | one for one in troubles),
        datagrams_dropped=12,
        receive_buffer_bytes=212_992,
        receive_buffer_wanted=8_388_608,
    )
    window = HealthWindow()
    window(before)
    window(now)
    rows = zip(now.exporter_names, now.summary.exporters, strict=True)
    return HealthNote(
        version="0.0.0",
        process=1,
        written_ms=now_ms,
        collector="running",
        collector_trouble="",
        facts_waiting=0,
        storage_trouble="",
        alerts_trouble="",
        second=second,
        records_per_s=1_200,
        bits_per_s=Rate(10**9, 9 * 10**8, 11 * 10**8),
        exporters=tuple(exporter_health(name, row, {}) for name, row in rows),
        exporters_left_out=0,
        findings=window.findings(now_ms),
    )


@pytest.mark.parametrize("language", ["en", "fa"])
def test_each_way_in_which_data_goes_missing_is_told(
    browser: Browser, world: Watched, served: Served, tmp_path: Path, language: Language
) -> None:
    texts = Texts(language)
    nilufar = Person(browser, served, "nilufar", "desk", language)
    comes_in(served, world, nilufar)
    note = troubled(world.clock.now_ms())
    assert {one.code for one in note.findings} == set(CODES)
    LockedFolder(world.folder).write_health(msgspec.json.encode(note))
    nilufar.opens("/health")
    for one in note.findings:
        nilufar.sees(texts(f"finding-{one.code}"))
        told = retold(one.text, language).replace("`", "")
        expect(nilufar.page.get_by_text(told).first).to_be_visible()
    assert not nilufar.page.locator("main [lang=en]").count()
    nilufar.shot("health-findings", language)
    assert not nilufar.wrong
    nilufar.context.close()
