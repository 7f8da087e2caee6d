"""One question to one name server: over UDP, and over TCP where the reply does not fit."""

import dns.asyncquery
import dns.exception
import dns.message
import dns.query

from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Answer, Dns, NotAnswered
from tidegate.model.refusals import Malformed
from tidegate.wire.dns_messages import dns_query, dns_reply

UDP_TRIES_MAX = 2
"""Datagrams sent to one server for one question; then it counts as silent."""


async def ask_name_server(question: Dns, settings: ProbeSettings) -> Answer:
    """Ends within (UDP_TRIES_MAX + 1) time-outs, or twice that where the server knows no EDNS."""
    try:
        query = dns_query(question)
        message = await _exchange(query, question.server, settings)
        if message.rcode() == dns.rcode.FORMERR and query.edns >= 0:
            query.use_edns(False)  # A server of before 1999 (RFC 6891, 7).
            message = await _exchange(query, question.server, settings)
        return dns_reply(message, question)
    except (dns.exception.Timeout, TimeoutError):
        return NotAnswered("time_out")
    except ConnectionRefusedError:
        return NotAnswered("refused")
    except EOFError:
        return NotAnswered("malformed", "closed early")
    except OSError as error:
        return NotAnswered("unreachable", error.strerror or "")
    except (dns.exception.DNSException, Malformed, ValueError) as error:
        return NotAnswered("malformed", str(error)[:200])


async def _exchange(query: dns.message.Message, server: str, settings: ProbeSettings) -> dns.message.Message:
    seconds, port = settings.dns_timeout_ms / 1000, settings.ports.dns
    for left in reversed(range(UDP_TRIES_MAX)):
        try:
            return await dns.asyncquery.udp(
                query, server, seconds, port, ignore_unexpected=True, raise_on_truncation=True
            )
        except dns.message.Truncated:
            break
        except dns.exception.Timeout:
            if not left:
                raise
    return await dns.asyncquery.tcp(query, server, seconds, port)
