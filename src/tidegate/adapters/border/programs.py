"""BGP programs as the speaker's process runs them: begun with their hands, ended with all their rules."""

import importlib.util
import logging
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final, Protocol

from tidegate.adapters.border.children import kill_child, kill_process, start_bound_child
from tidegate.adapters.border.ears import EARS_VARIABLE
from tidegate.adapters.border.exabgp import (
    MIRRORS_MAX,
    environment,
    mirror_address,
    mirror_s_speaker,
    receiver_configuration,
    speaker_configuration,
)
from tidegate.adapters.border.gobgp_api import GobgpApi, Gone
from tidegate.adapters.border.gobgp_routes import GobgpRoutes
from tidegate.adapters.border.hands import FOLDER_VARIABLE
from tidegate.adapters.border.timing import SECOND_NS
from tidegate.adapters.clock import boot_ns
from tidegate.model.border import BorderSettings
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

EARS_NAME: Final = "ears.sock"

MIRROR_AGAIN_NS: Final = SECOND_NS
"""How often the mirror is looked after."""

SWEEP_S: Final = 2.0
"""How long a gobgpd may take for each deletion when everything is taken back at once."""

LAST_WORDS_MAX = 400
"""Of what a BGP program said before it ended, so many characters are told."""


log = logging.getLogger("tidegate.border")


class BgpProgram(Protocol):
    """What speaks BGP for us, with the hands that feed it; the speaker's process holds one."""

    def start(self) -> None:
        """Begin; its hands will connect. OutsideFailed where it cannot be started."""

    def ended(self) -> str | None:
        """None while it runs; else in words how it ended."""

    def end(self, hands: int | None) -> bool:
        """Leave no rule, by any means; `hands` is the hands' process id. False where a rule may be left."""

    def keep_mirror(self) -> None:
        """Start the mirror where there shall be one and none runs."""

    def end_mirror(self) -> None: ...


class ExaBgpProgram:
    """ExaBGP as a child that dies with this process, and a second one that only listens: the mirror."""

    def __init__(self, settings: BorderSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._speaker: subprocess.Popen[bytes] | None = None
        self._mirror: subprocess.Popen[bytes] | None = None
        self._mirrored = settings.mirror and bool(settings.border_points)
        self._mirror_port: int | None = None
        self._mirror_again_ns = 0

    def start(self) -> None:
        must_have("exabgp", "ExaBGP", "pip install 'exabgp>=5.0.15,<6'")
        port = self._settings.listen_port
        if self._mirrored and self._mirror_port is None:
            self._mirror_port = free_port(mirror_address(0))
        text = speaker_configuration(self._settings, module_command("exabgp_hands"), self._mirror_port)
        self._speaker = start_exabgp(
            self._folder / "exabgp.conf",
            text,
            environment(listen=[self._settings.local_address], port=port)
            | {FOLDER_VARIABLE: str(self._folder)},
        )

    def ended(self) -> str | None:
        if self._speaker is None:
            return "ExaBGP was not started"
        code = self._speaker.poll()
        return None if code is None else f"ExaBGP ended ({code}): {last_words(self._folder / 'exabgp.conf')}"

    def end(self, hands: int | None) -> bool:
        """With the processes end the sessions, and with these the rules: nothing asks for a restart."""
        kill_child(self._speaker)
        kill_process(hands)
        self._speaker = None
        return True

    def keep_mirror(self) -> None:
        if self._mirror_port is None or boot_ns() < self._mirror_again_ns:
            return
        self._mirror_again_ns = boot_ns() + MIRROR_AGAIN_NS
        if self._mirror is not None and self._mirror.poll() is None:
            return
        self._mirror = start_exabgp(
            self._folder / "mirror.conf",
            receiver_configuration(
                local_as=self._settings.local_as,
                peers=[
                    (mirror_address(number), mirror_s_speaker(number), self._settings.local_as)
                    for number in range(len(self._settings.border_points))
                ],
                port=self._mirror_port,
                hold_time_s=self._settings.hold_time_s,
                ears=module_command("ears"),
            ),
            environment(
                listen=[mirror_address(number) for number in range(len(self._settings.border_points))],
                port=self._mirror_port,
            )
            | {EARS_VARIABLE: str(self._folder / EARS_NAME)},
        )

    def end_mirror(self) -> None:
        kill_child(self._mirror)


class GobgpProgram:
    """The operator's gobgpd, fed by hands that are no child in life and death: they clear up when we end."""

    def __init__(self, settings: BorderSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._hands: subprocess.Popen[bytes] | None = None
        self._api: GobgpApi | None = None

    def start(self) -> None:
        must_have("grpc", "gRPC", "pip install 'tidegate[gobgp]'")
        if self._api is None:  # now, because there is no time for it when a rule has to go at once
            self._api = GobgpApi(self._settings.gobgp, SWEEP_S)
        self._hands = subprocess.Popen(
            [sys.executable, "-m", "tidegate.adapters.border.gobgp_hands"],
            env=os.environ | {FOLDER_VARIABLE: str(self._folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ended(self) -> str | None:
        code = self._hands.poll() if self._hands is not None else 0
        return None if code is None else f"the hands of GoBGP ended ({code})"

    def end(self, hands: int | None) -> bool:
        """The hands may be stopped: they are ended, and their work is done here, once."""
        kill_child(self._hands)
        kill_process(hands)
        self._hands = None
        if self._api is None:
            return True  # nothing was ever put there
        try:
            GobgpRoutes(self._api, self._settings).sweep()
        except Gone:
            return True
        except OutsideFailed as error:
            log.error("rules may be left in GoBGP: %s", error)
            return False
        return True

    def keep_mirror(self) -> None:
        """There is none: what gobgpd says that it sent is told by the hands."""

    def end_mirror(self) -> None:
        """There is none."""


def bgp_program(settings: BorderSettings, folder: Path) -> BgpProgram:
    return GobgpProgram(settings, folder) if settings.speaker == "gobgp" else ExaBgpProgram(settings, folder)


def module_command(name: str) -> str:
    return f"{sys.executable} -m tidegate.adapters.border.{name}"


def must_have(module: str, name: str, how: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise OutsideFailed(f"{name} is not installed", sys.executable, f"Install it beside Tidegate: {how}.")


def must_make_sense(settings: BorderSettings) -> None:
    """NotAllowed for settings that no BGP program can be configured by."""
    if len(settings.border_points) > MIRRORS_MAX:
        raise NotAllowed(f"at most {MIRRORS_MAX} border points have a mirror")
    if not 3 <= settings.hold_time_s <= 90:
        raise NotAllowed("a hold time is 3 to 90 s: a router must soon drop the rules of a silent speaker")
    for point in settings.border_points:
        for router in point.routers:
            if settings.speaker == "exabgp" and (":" in router.address) != (":" in settings.local_address):
                raise NotAllowed(f"{router.name} has an address of another family than our local address")
            if router.password is not None and not (router.password.isalnum() and router.password.isascii()):
                raise NotAllowed(f"the password of {router.name} may have ASCII letters and digits only")


def start_exabgp(configuration: Path, text: str, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """ExaBGP with this configuration, bound to this process; what it says goes to a file beside."""
    with open(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    command = [sys.executable, "-m", "exabgp", "server", str(configuration)]
    with configuration.with_suffix(".said").open("wb") as said:
        return start_bound_child(command, {**os.environ, **settings}, said)


def last_words(configuration: Path) -> str:
    text = configuration.with_suffix(".said").read_text(errors="replace").strip()
    return text[-LAST_WORDS_MAX:] or "it said nothing"


def free_port(address: str) -> int:
    """A TCP port that nobody listens on there now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
    return port
