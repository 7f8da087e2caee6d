"""Alert sinks: the operator's own command, which is given the alert as JSON on its standard input."""

import os
import subprocess
from collections.abc import Sequence

import msgspec

from tidegate.model.facts import Told
from tidegate.ports.outside import OutsideFailed

COMMAND_SECONDS_MAX = 3
"""A command that takes longer is ended, and started again later: the node waits for it."""


class CommandSink:
    """Runs `command` once for each alert; exit code 0 means that the alert is told.

    The command reads one line of JSON: {"number", "change", "attack"} of an attack, {"number", "change",
    "plan", "attack", "targets", "words"} of a plan, {"number", "change", "words"} of anything else. The
    number is also in TIDEGATE_ALERT_NUMBER; one seen before is the same alert again. No shell is between.
    """

    name = "command"

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)

    def carry_out(self, number: int, alert: Told) -> None:
        told = msgspec.structs.asdict(alert)
        line = msgspec.json.encode({"number": number, **told}) + b"\n"
        remedy = "Check alerts.command in the configuration; the alert is tried again."
        try:
            ended = subprocess.run(
                self._command,
                input=line,
                env=os.environ | {"TIDEGATE_ALERT_NUMBER": str(number)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            what = f"the alert command took more than {COMMAND_SECONDS_MAX} s"
            raise OutsideFailed(what, self._command[0], remedy) from error
        except OSError as error:
            what = f"the alert command cannot be run ({error.strerror})"
            raise OutsideFailed(what, self._command[0], remedy) from error
        if ended.returncode:
            what = f"the alert command ended with {ended.returncode}"
            raise OutsideFailed(what, self._command[0], remedy)
