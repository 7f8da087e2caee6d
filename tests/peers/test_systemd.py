"""The service unit, held against systemd's own checks."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import require_peer

UNIT = Path(__file__).parents[2] / "deploy" / "tidegate.service"

EXPOSURE_MAX = 2.0
"""Of 10, as systemd-analyze counts it; compiled kernels need memory that is writable and executable."""

pytestmark = pytest.mark.peer


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists here."""
    require_peer("systemd", "/usr/bin/systemd-analyze")
    copy = tmp_path / UNIT.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/usr/bin/true", UNIT.read_text(), flags=re.M))
    return copy


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_understands_every_line(unit: Path) -> None:
    told = analyze("verify", "--man=no", str(unit))
    assert (told.returncode, told.stderr) == (0, "")


def test_the_service_is_well_confined(unit: Path) -> None:
    told = analyze("security", "--offline=true", "--no-pager", str(unit))
    exposure = re.search(r"Overall exposure level for \S+ ([0-9.]+)", told.stdout)
    assert exposure is not None, told.stderr
    assert float(exposure[1]) < EXPOSURE_MAX
