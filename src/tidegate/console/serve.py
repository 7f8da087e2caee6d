"""The console's process: listens, serves, and ends when it is told to."""

import logging
from contextlib import suppress

from tidegate.app.console.serving import OutsideFailed, Serving
from tidegate.console.answering import desk
from tidegate.console.page_files import page_files
from tidegate.console.server import application

CONNECTIONS_MAX = 256
"""Connections at once; further ones are answered as busy."""

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; Python refuses older versions. Some uvicorns would ask for those of TLS 1.0."""

KEEP_ALIVE_S = 30
ENDING_S = 2

ONCE_MS_MAX = 10 * 60_000
"""The link that a start prints lets a reader in so long."""


def serve(serving: Serving) -> None:
    """Until SIGTERM or Ctrl-C. OutsideFailed where it cannot listen, or the certificate cannot be used."""
    import uvicorn

    at, address = desk(serving), serving.address
    config = uvicorn.Config(
        application(at, page_files(serving.fonts)),
        host=address.host,
        port=address.port,
        ssl_certfile=None if address.certificate is None else str(address.certificate),
        ssl_keyfile=None if address.key is None else str(address.key),
        ssl_ciphers=CIPHERS,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http="h11",
        ws="none",
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=ENDING_S,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        config.load()
        listening = config.bind_socket()
        listening.listen(config.backlog)  # who opens the link as soon as it is told is not refused
    except (OSError, SystemExit) as error:
        why = error.strerror if isinstance(error, OSError) else "the address is in use or not ours"
        raise OutsideFailed(
            f"the console cannot listen ({why})",
            f"{address.host}:{address.port}",
            "Choose another address with --listen, or look at the certificate and its key.",
        ) from None
    secret = at.sessions.let_in_once(at.now_ms + ONCE_MS_MAX)
    serving.told(f"{address.origin}/#link={secret}")
    with suppress(KeyboardInterrupt):  # uvicorn brings the signal again once all has ended
        uvicorn.Server(config).run([listening])
