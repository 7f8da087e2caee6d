"""How long a probe of a thousand services takes at the promised pace, from the root to their pages."""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.probed_country import ROOT, services
from tidegate.adapters.clock import WallClock
from tidegate.adapters.probing.asked_file import AskedFile
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.app.audit.probing import Probing
from tidegate.model.audits import NotSeen, PageSeen, ServiceListed
from tidegate.model.probe_settings import Ports, ProbeSettings

SERVICES = 1000


def measure(settings: Settings) -> Figure:
    count = SERVICES // 10 if settings.quick else SERVICES
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.probed_country", folder, str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as country:
            assert country.stdout is not None
            assert country.stdin is not None
            ports = json.loads(country.stdout.readline())
            try:
                return _probed(Path(folder), count, ports)
            finally:
                country.stdin.close()


def _probed(folder: Path, count: int, ports: dict[str, int]) -> Figure:
    how = ProbeSettings(
        contact="noc@example.net",
        roots={"r.xa": (ROOT,)},
        trust_anchors=(),
        networks=("127.94.0.0/15",),
        authorities=str(folder / "trusted.pem"),
        ports=Ports(dns=ports["dns"], https=ports["https"]),
    )
    listed = [
        ServiceListed(at_s=0, source="made up", name=host, country="XA", domains=(host,))
        for host in services(count)
    ]
    probing = Probing(listed, how, AskedFile(folder / "asked"), WallClock(), 3600)
    prober = NetworkProber(how)
    began, worked = time.perf_counter(), time.process_time()
    probing.run(prober, lambda so_far: None)
    took, worked = time.perf_counter() - began, time.process_time() - worked
    prober.close()
    found = probing.observations()
    pages = sum(isinstance(one, PageSeen) for one in found)
    missing = sum(isinstance(one, NotSeen) for one in found)
    asked = probing.progress().answered
    notes = (
        f"{asked:,} questions at the pace of docs/audit.md, {worked:.0f} s of processor",
        f"{pages:,} pages of {count:,} services seen, {missing} things not seen",
    )
    whole = pages == count and missing == 0
    return Figure(value=took if whole else None, shown=f"{took:.0f} s", notes=notes)


DESCRIPTION = Description(
    "audit-probe", f"{SERVICES:,} services probed politely", "s", 120.0, Better.LOWER, measure
)
