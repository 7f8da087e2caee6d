"""The resolver that people in the lab ask: unbound, validating from the lab's own root, with usual limits."""

from collections.abc import Sequence
from pathlib import Path

from tidegate.lab.audit.country import HELD, ZONES
from tidegate.lab.audit.programs import Programs


class Resolver:
    """One resolver at `address` of the users' network. `forget` empties its caches."""

    def __init__(self, programs: Programs, name: str, number: int) -> None:
        self._programs = programs
        self._name = name
        self.address = HELD["users"].address(number)
        self._folder: Path = programs.folder / name

    def start(self, anchor: Sequence[str]) -> None:
        self._folder.mkdir()
        (self._folder / "root.key").write_text("".join(f". IN DS {one}\n" for one in anchor))
        (root,) = (zone for zone in ZONES if zone.origin == ".")
        hints = "".join(f". NS {name}.\n{name}. A {address}\n" for name, address in root.servers)
        (self._folder / "root.hints").write_text(hints)
        (self._folder / "unbound.conf").write_text(configuration(self._folder, self.address))
        self._programs.start(self._name, "users", ["unbound", "-d", "-c", self._folder / "unbound.conf"])

    def listens(self) -> bool:
        return (self._folder / "control").exists()

    def forget(self) -> None:
        self._control("reload")
        self._control("flush_infra", "all")

    def forget_troubles(self) -> None:
        """Keeps answers; whatever was slow or failed is asked for as for the first time."""
        for order in (("flush_infra", "all"), ("flush_bogus",), ("flush_negative",)):
            self._control(*order)

    def _control(self, *order: str) -> None:
        self._programs.run("users", ["unbound-control", "-c", self._folder / "unbound.conf", *order])


def configuration(folder: Path, address: str) -> str:
    """The times are of a network where answers take a millisecond: an unreached server is given up soon."""
    return f"""server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: "{folder / "unbound.pid"}"
  use-syslog: no
  interface: {address}
  outgoing-interface: {address}
  access-control: 0.0.0.0/0 allow
  do-ip6: no
  num-threads: 1
  root-hints: "{folder / "root.hints"}"
  trust-anchor-file: "{folder / "root.key"}"
  module-config: "validator iterator"
  val-bogus-ttl: 1
  unknown-server-time-limit: 150
  infra-cache-max-rtt: 400
  outbound-msg-retry: 1
  outgoing-num-tcp: 200
remote-control:
  control-enable: yes
  control-interface: "{folder / "control"}"
  control-use-cert: no
"""
