"""Web hosts of the lab: nginx in each hosting network, certified, stapling where it must, and renewed."""

import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tidegate.lab.audit.certificates import LIFE_DAYS, RENEWED_DAYS, STATUS_PORT, Authority
from tidegate.lab.audit.country import HELD, HOSTS, MAIL_AT, Host
from tidegate.lab.audit.moved_clock import MOVING, MovedClock
from tidegate.lab.audit.networks import Networks
from tidegate.lab.audit.programs import Programs
from tidegate.lab.hotline.wan import within

HTTPS, SMTP = 443, 25
KNOCK_S: Final = 2.0

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title>{parts}</head>
<body><h1>{name}</h1></body></html>
"""


class Webs:
    """Every organisation that hosts has one nginx, on its first address."""

    def __init__(
        self,
        networks: Networks,
        programs: Programs,
        clock: MovedClock,
        authorities: Mapping[str, Authority],
        sleep: Callable[[float], None],
    ) -> None:
        self._networks = networks
        self._programs = programs
        self._clock = clock
        self._authorities = authorities
        self._sleep = sleep
        self._ends: dict[str, datetime] = {}
        self._organisations = sorted({host.organisation for host in HOSTS})

    def certify(self) -> None:
        """Before the responders start, which read once what was issued."""
        for organisation in self._organisations:
            self._folder(organisation).mkdir()
        for host in HOSTS:
            self._certify(host, host.days_left)

    def start(self) -> None:
        for host in HOSTS:
            root = self._folder(host.organisation) / host.name
            root.mkdir()
            (root / "index.html").write_text(PAGE.format(name=host.name, parts=host.page))
            (root / "part.js").write_text("document.title;\n")
            shutil.copy(root / "index.html", root / "login")
        for organisation in self._organisations:
            folder = self._folder(organisation)
            (folder / "nginx.conf").write_text(self._configuration(organisation))
            self._programs.start(f"web-{organisation}", organisation, self._nginx(folder))
        for organisation in self._organisations:
            self._until_open(organisation, 1, HTTPS)

    def keep(self) -> None:
        """What hosts did while time was moved: fetch new certificates where old ones come to their end."""
        now = self._clock.now_ms() / 1000
        renewed = set()
        for host in HOSTS:
            ends = self._ends[host.name]
            due = ends - timedelta(days=RENEWED_DAYS)
            if due.timestamp() <= now and self._reaches(host):
                self._certify(host, LIFE_DAYS)
                renewed.add(host.organisation)
        for organisation in renewed:
            self._programs.run(organisation, [*self._nginx(self._folder(organisation)), "-s", "reload"])

    def _certify(self, host: Host, days: int) -> None:
        folder = self._folder(host.organisation)
        paths = folder / f"{host.name}.pem", folder / f"{host.name}.key"
        self._ends[host.name] = self._authorities[host.authority].certify(host, *paths, days)

    def _reaches(self, host: Host) -> bool:
        """Asked in a whole question: a responder waits for the rest of what was only begun."""
        authority = self._authorities[host.authority]
        certificate = self._folder(host.organisation) / f"{host.name}.pem"
        url = f"http://{HELD[host.authority].address(1)}:{STATUS_PORT}/"
        about: list[str | Path] = ["-issuer", authority.root, "-cert", certificate, "-url", url]
        asked = ["openssl", "ocsp", *about, "-noverify", "-timeout", "3"]
        return self._programs.succeeds(host.organisation, asked)

    def _until_open(self, organisation: str, number: int, port: int) -> None:
        address = HELD[organisation].address(number)
        self._programs.until(
            lambda: self._knock(organisation, address, port), f"{address}:{port} listens", self._sleep
        )

    def _knock(self, organisation: str, address: str, port: int) -> bool:
        def knock() -> bool:
            with suppress(OSError), socket.create_connection((address, port), KNOCK_S):
                return True
            return False

        return within(self._networks.namespace(organisation), knock)

    def _folder(self, organisation: str) -> Path:
        return self._programs.folder / f"web-{organisation}"

    def _nginx(self, folder: Path) -> list[str | Path]:
        return ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]

    def _configuration(self, organisation: str) -> str:
        folder = self._folder(organisation)
        scratch = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        servers = [self._server(host, folder) for host in HOSTS if host.organisation == organisation]
        return "\n".join(
            [
                f"daemon off; worker_processes 1; user root; pid {folder / 'nginx.pid'};",
                *(f"env {name};" for name in MOVING),
                "events { worker_connections 256; }",
                "http { access_log off; types { text/html html; text/css css; text/javascript js; }",
                "default_type text/html; ssl_session_cache off; ssl_session_tickets off;",
                *(f"{name}_temp_path {folder / name};" for name in scratch),
                *servers,
                "}\n",
            ]
        )

    def _server(self, host: Host, folder: Path) -> str:
        authority = self._authorities[host.authority]
        stapled = f"ssl_stapling on; ssl_trusted_certificate {authority.root};" if host.must_staple else ""
        return (
            f"server {{ listen {HELD[host.organisation].address(1)}:{HTTPS} ssl; server_name {host.name};\n"
            f" ssl_certificate {folder / host.name}.pem; ssl_certificate_key {folder / host.name}.key;\n"
            f" root {folder / host.name}; {stapled} }}"
        )


class MailServer:
    """Greets whoever comes, as far as a visitor goes."""

    GREETING: Final = b"220 mx.postern.xb ESMTP\r\n"

    def __init__(self, networks: Networks) -> None:
        organisation, number = MAIL_AT
        address = HELD[organisation].address(number)
        self._listener = within(
            networks.namespace(organisation), lambda: socket.create_server((address, SMTP), backlog=64)
        )

    def start(self) -> None:
        threading.Thread(target=self._greet, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _greet(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), caller:
                caller.settimeout(KNOCK_S)
                caller.sendall(self.GREETING)
                while line := caller.recv(512):
                    verb = line[:4].upper()
                    caller.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 mx.postern.xb\r\n")
                    if verb == b"QUIT":
                        break
