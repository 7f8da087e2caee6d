"""Where a console listens, and the one origin under which browsers know it."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from tidegate.app.listening import split_endpoint
from tidegate.app.settings import ConsoleSection
from tidegate.mitigate.passkeys import LOCAL, host_of
from tidegate.model.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class Address:
    """Where the console listens, and the one origin under which browsers know it."""

    host: str
    port: int
    origin: str
    certificate: Path | None
    key: Path | None

    @property
    def rp_id(self) -> str:
        return host_of(self.origin) or LOCAL

    @property
    def authority(self) -> str:
        """What a browser sends as Host."""
        return self.origin.partition("://")[2]

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https://")


def address_of(listen: str, origin: str | None, certificate: Path | None, key: Path | None) -> Address:
    """NotAllowed for what would let words, cookies or plans pass a network unsealed."""
    host, port = split_endpoint(listen)
    local = host == LOCAL or ip_address(host).is_loopback
    if (certificate is None) != (key is None):
        raise NotAllowed("a certificate and its key go together: give both, or neither")
    if not local and certificate is None:
        raise NotAllowed(
            f"{listen} can be reached from other machines: give --certificate and --key (TLS), or listen on "
            "127.0.0.1 behind a proxy that speaks TLS, with its --origin"
        )
    if origin is None:
        if not local:
            raise NotAllowed("say under which name browsers reach it: --origin https://NAME[:PORT]")
        origin = f"{'https' if certificate else 'http'}://{LOCAL}:{port}"
    if host_of(origin) is None:
        raise NotAllowed(
            f"{origin} is no origin of a page with passkeys: https://NAME[:PORT], a name and no address"
        )
    if certificate is not None and not origin.startswith("https://"):
        raise NotAllowed(f"{origin} is not https://, and it is served with a certificate")
    return Address(host, port, origin, certificate, key)


def configured(section: ConsoleSection) -> Address:
    """As the configuration says; NotAllowed as `address_of`."""
    certificate, key = (None if name is None else Path(name) for name in (section.certificate, section.key))
    return address_of(section.listen, section.origin, certificate, key)
