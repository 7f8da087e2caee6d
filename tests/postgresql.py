"""A private PostgreSQL server for the tests, made from the programs that Debian installs."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
START_TRIES = 300


class PostgresqlServer:
    """One cluster in a temporary folder, reached by a Unix socket in it and by nothing else.

    PostgreSQL refuses to run as root, so root starts it as the user `postgres` that Debian's package makes.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tidegate-postgresql-", dir="/tmp"))
        self._account: dict[str, str | int | list[int]] = {}
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self._databases = 0
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self._folder / "data"
        subprocess.run(
            [
                PROGRAMS / "initdb",
                "-D",
                data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._account,
        )
        settings = {"listen_addresses": "", "unix_socket_directories": self._folder, "fsync": "off"}
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [
                    PROGRAMS / "postgres",
                    "-D",
                    data,
                    *(f"-c{name}={value}" for name, value in settings.items()),
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._account,
            )
        self._await_ready()

    def _await_ready(self) -> None:
        for _ in range(START_TRIES):
            ready = subprocess.run(
                [PROGRAMS / "pg_isready", "-q", "-h", self._folder, "-U", "postgres"], check=False
            )
            if ready.returncode == 0:
                return
            if self._server is None or self._server.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL does not start: {(self._folder / 'log').read_text()}")

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            self._server.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        self._databases += 1
        name = f"tidegate_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def execute(self, statement: str) -> None:
        """Run one statement as an administrator, outside any database of the tests."""
        with psycopg.connect(f"host={self._folder} user=postgres dbname=postgres", autocommit=True) as link:
            link.execute(statement)  # type: ignore[arg-type]
