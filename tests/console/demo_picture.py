"""Makes docs/demo.png: the console beside a real demo, in real Chromium, while rules hold the flood.

`uv run python -m tests.console.demo_picture` takes about two minutes. It needs Debian's Chromium.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PICTURE = Path(__file__).parent.parent.parent / "docs" / "demo.png"
ACROSS, DOWN = 1280, 800
COMMAND = [sys.executable, "-m", "tidegate", "demo", "--once", "--console", "--json"]
TAKEN_AFTER = "spot-test"
"""The chapter behind which the picture is taken: one border point is held, and the others follow."""


def main() -> None:
    with sync_playwright() as playwright, subprocess.Popen(COMMAND, stdout=subprocess.PIPE) as demo:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(locale="en", viewport={"width": ACROSS, "height": DOWN}).new_page()
        assert demo.stdout is not None
        told: dict[str, Any] = {}
        for line in demo.stdout:
            told = json.loads(line)
            if told["event"] == "console":
                page.goto(told["link"])
            if told["event"] == "chapter" and told["told"]["chapter"] == TAKEN_AFTER:
                take(page)
        browser.close()
    assert demo.returncode == 0, f"the demo that the picture is of did not end well: {shortcomings(told)}"


def shortcomings(told: dict[str, Any]) -> dict[str, Any]:
    """What of the last event, the report, tells why; nothing where it ended without one."""
    report = told.get("report", {})
    why = ("false_alarms", "still_held", "refusals", "ledger_verified", "chapters_meant", "seconds")
    met = ("number", "right_target", "right_vectors", "after_ms")
    return {
        **{name: report.get(name) for name in why},
        "chapters": [one["chapter"] for one in report.get("chapters", ())],
        "met": [{name: one[name] for name in met} for one in report.get("expectations", ())],
        "plans": [(one["target"], one["path"]) for one in report.get("plans", ())],
    }


def take(page: Page) -> None:
    page.get_by_text("maryam").first.wait_for()
    page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
