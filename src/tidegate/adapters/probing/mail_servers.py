"""The greeting of one mail server."""

import asyncio

from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Answer, Mail, MailGreeting, NotAnswered

LINE_BYTES_MAX = 2048
"""Bytes of one line of a mail server (RFC 5321 allows 512); a longer one is malformed."""

LINES_MAX = 64
"""Lines of one answer; with more it is malformed."""


async def greet(question: Mail, settings: ProbeSettings) -> Answer:
    """QUIT after the greeting, and nothing else: no mail is begun."""
    try:
        async with asyncio.timeout(settings.timeout_ms / 1000):
            return await _greet(question, settings.ports.mail)
    except TimeoutError:
        return NotAnswered("time_out")
    except ConnectionRefusedError:
        return NotAnswered("refused")
    except OSError as error:
        return NotAnswered("unreachable", str(error.strerror)[:200])
    except ValueError as error:
        return NotAnswered("malformed", str(error)[:200])


async def _greet(question: Mail, port: int) -> Answer:
    reader, writer = await asyncio.open_connection(question.address, port, limit=LINE_BYTES_MAX)
    try:
        greeting = await _answer(reader)
        writer.write(b"QUIT\r\n")
        await writer.drain()
        return MailGreeting(int(greeting[0][:3]))
    finally:
        writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> list[str]:
    lines = []
    for _ in range(LINES_MAX):
        line = (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n")
        if not (line[:3].isascii() and line[:3].isdigit() and len(line) >= 3):
            raise ValueError(f"no answer of a mail server: {line[:40]!r}")
        lines.append(line)
        if line[3:4] != "-":
            return lines
    raise ValueError(f"an answer of more than {LINES_MAX} lines")
