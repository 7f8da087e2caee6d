"""Which files of tests workers take first, and which never run at the same time."""

from xdist.scheduler import LoadScopeScheduling

ONE_AT_A_TIME = (
    "tests/lab/test_audit_lab.py",
    "tests/adapters/border/test_real_routers.py",
    "tests/lab/test_hotline_lab.py",
    "tests/lab/test_linux_border.py",
    "tests/lab/test_demo.py",
    "tests/lab/test_demo_interrupted.py",
)
"""Each starts many real programs and gives them seconds to answer: two of them at once starve each other."""

LONGEST = (
    "tests/wire/test_telemetry_corpus.py",
    "tests/rehearse/test_reach.py",
    *ONE_AT_A_TIME,
    "tests/adapters/test_real_collector.py",
    "tests/adapters/border/test_gobgp_rib.py",
    "tests/adapters/border/test_speaker_process.py",
    "tests/console/test_console_studies_browser.py",
    "tests/console/test_console_sweep.py",
    "tests/console/test_console_accord_browser.py",
    "tests/console/test_console_browser.py",
    "tests/console/test_console_hotline_browser.py",
)
"""Taken first, in this order: one that began last would leave the other workers idle. The first two compile
kernels, which later ones wait for.
"""


def file_of(node: str) -> str:
    return node.partition("::")[0]


def turn_of(node: str) -> int:
    """The place of a test's file among all; equal for all short ones, which keep their order."""
    return LONGEST.index(file_of(node)) if file_of(node) in LONGEST else len(LONGEST)


class ByFile(LoadScopeScheduling):
    """A worker takes a whole file, or all that run one at a time."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return "one at a time" if file in ONE_AT_A_TIME else file
