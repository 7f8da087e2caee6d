"""A plain BGP speaker for tests of lab routers: a real ExaBGP that says what it is told to say."""

import os
import subprocess
import sys
from pathlib import Path

CONFIGURATION = """process mouth {{
    run /bin/sh {folder}/mouth.sh;
    encoder text;
}}
neighbor {router} {{
    router-id 127.0.0.1;
    local-address 127.0.0.1;
    local-as 64500;
    peer-as 64512;
    hold-time 9;
    family {{
        ipv4 unicast;
        ipv6 unicast;
        ipv4 flow;
        ipv6 flow;
    }}
    capability {{
        graceful-restart disable;
    }}
    api {{
        processes [ mouth ];
    }}
}}
"""


class Announcer:
    def __init__(self, router: str, port: int, folder: Path) -> None:
        folder.mkdir()
        (folder / "announcer.conf").write_text(CONFIGURATION.format(folder=folder, router=router))
        (folder / "mouth.sh").write_text(f"exec cat {folder}/says\n")
        os.mkfifo(folder / "says")
        told = {"tcp_port": str(port), "api_ack": "false", "api_cli": "false", "daemon_user": "root"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exabgp", "server", str(folder / "announcer.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {f"exabgp_{key}": value for key, value in told.items()},
        )
        self._says = (folder / "says").open("w")

    def say(self, line: str) -> None:
        print(line, file=self._says, flush=True)

    def stop(self) -> None:
        self._says.close()
        self.process.terminate()
        self.process.wait(10)
