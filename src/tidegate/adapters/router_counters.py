"""Rule counters by the operator's own command for each border router: rules in, counts out, as JSON."""

import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import IO, Annotated

import msgspec
from msgspec import Meta

from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.rule_counts import CountsRead, RuleCount

COUNTING_SECONDS_MAX = 5.0
"""All routers of a border point together answer within this; one that does not is ended and not counted."""

COUNTS_BYTES_MAX = 1 << 16
"""Longest answer of a router's command; one that says more is ended and not counted."""

REMEDY = "Check its `counters` command in the configuration; meanwhile telemetry alone decides."

Whole = Annotated[int, Meta(ge=0, le=1 << 62)]
Commands = Mapping[str, Mapping[str, Sequence[str]]]


class Told(msgspec.Struct, frozen=True):
    """One entry of the answer: `rule` is the rule's place in the question, from 0."""

    rule: Whole
    matched_bytes: Whole
    matched_packets: Whole
    dropped_bytes: Whole


class RouterCommands:
    """`commands` by border point and router; a border point that is not in it gives no counters.

    Each command reads {"border_point", "router", "rules"} and writes a list of {"rule", "matched_bytes",
    "matched_packets", "dropped_bytes"}, one for each rule. No shell is between.
    """

    def __init__(self, commands: Commands, clock: Clock) -> None:
        self._commands = commands
        self._clock = clock

    def covers(self, border_point: str) -> bool:
        return border_point in self._commands

    def read(self, border_point: str, rules: Sequence[Rule]) -> CountsRead:
        until = monotonic() + COUNTING_SECONDS_MAX
        running: list[tuple[str, subprocess.Popen[bytes]]] = []
        try:
            for router, command in self._commands[border_point].items():
                question = msgspec.json.encode(
                    {"border_point": border_point, "router": router, "rules": tuple(rules)}
                )
                running.append((f"{border_point} {router}", begin(command, question, router)))
            told = [counts_told(answer(one, until, where), len(rules), where) for where, one in running]
        finally:
            for _, one in running:
                end(one)
        return CountsRead(read_ms=self._clock.now_ms(), counts=tuple(one for part in told for one in part))


def begin(command: Sequence[str], question: bytes, router: str) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as asked:
        asked.write(question + b"\n")
        asked.seek(0)
        try:
            return subprocess.Popen(
                command,
                stdin=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            what = f"the counters of {router} cannot be asked for ({error.strerror})"
            raise OutsideFailed(what, command[0], REMEDY) from error


def answer(asked: subprocess.Popen[bytes], until: float, where: str) -> bytes:
    """All that it writes, until it ends well."""
    assert asked.stdout is not None, "it was started with a pipe"
    told = read_until(asked.stdout, until)
    if len(told) > COUNTS_BYTES_MAX:
        raise Malformed(f"the counters of {where} are told in more than {COUNTS_BYTES_MAX} bytes", 0)
    try:
        code = asked.wait(max(0.0, until - monotonic()))
    except subprocess.TimeoutExpired as error:
        what = f"the counters of {where} took more than {COUNTING_SECONDS_MAX:g} s"
        raise OutsideFailed(what, str(asked.args), REMEDY) from error
    if code:
        raise OutsideFailed(f"the command for the counters of {where} ended with {code}", "", REMEDY)
    return told


def read_until(pipe: IO[bytes], until: float) -> bytes:
    """What comes until the pipe is closed, the time is over, or it is too much."""
    told = b""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        while len(told) <= COUNTS_BYTES_MAX and ready.select(max(0.0, until - monotonic())):
            part = os.read(pipe.fileno(), COUNTS_BYTES_MAX)
            if not part:
                break
            told += part
    return told


def end(asked: subprocess.Popen[bytes]) -> None:
    """It, and whatever it started that still runs."""
    with suppress(ProcessLookupError):
        os.killpg(asked.pid, signal.SIGKILL)
    asked.wait()
    if asked.stdout is not None:
        asked.stdout.close()


def counts_told(told: bytes, rules: int, where: str) -> tuple[RuleCount, ...]:
    try:
        entries = msgspec.json.decode(told, type=list[Told])
    except msgspec.DecodeError as error:
        raise Malformed(f"the counters of {where} make no sense ({error})", 0) from error
    by_rule = {one.rule: one for one in entries}
    if sorted(one.rule for one in entries) != list(range(rules)):
        raise Malformed(f"the counters of {where} are not of the {rules} rules asked for, each once", 0)
    return tuple(
        RuleCount(
            matched_bytes=by_rule[at].matched_bytes,
            matched_packets=by_rule[at].matched_packets,
            dropped_bytes=by_rule[at].dropped_bytes,
        )
        for at in range(rules)
    )
