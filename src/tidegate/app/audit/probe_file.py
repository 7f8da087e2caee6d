"""Settings of a probe, read from TOML: an unknown key is told with the nearest one that is known."""

import difflib
import tomllib
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec

from tidegate.app.config import ConfigurationWrong, Problem
from tidegate.model.domain_names import is_name
from tidegate.model.probe_settings import Pace, Ports, ProbeSettings
from tidegate.ports.files import LocalFiles

SETTINGS_BYTES_MAX = 1 << 18
"""Bytes of a probe's settings that are read; a longer file is refused."""

_SECTIONS: dict[str, type[msgspec.Struct]] = {"ports": Ports, "pace": Pace}


def probe_settings(files: LocalFiles, path: Path | None, contact: str) -> ProbeSettings:
    """Those of the file, if any, with the contact told. ConfigurationWrong names what is wrong.

    A file of authorities is looked for beside the settings.
    """
    told = _table(files, path) if path is not None else {}
    if contact:
        told["contact"] = contact
    file = str(path) if path is not None else "settings"
    if not told.get("contact"):
        why = "whoever is asked must be able to find out who asks: an address of mail or of a page about you"
        raise ConfigurationWrong(file, [Problem("contact", f"is missing (or --contact): {why}")])
    unknown = [*_unknown(told, ProbeSettings, "")]
    for name, section in _SECTIONS.items():
        if isinstance(told.get(name), dict):
            unknown += _unknown(told[name], section, f"{name}.")
    if unknown:
        raise ConfigurationWrong(file, unknown)
    try:
        settings = msgspec.convert(told, ProbeSettings)
    except msgspec.ValidationError as error:
        raise ConfigurationWrong(file, [Problem("", str(error))]) from error
    problems = [*_strange(settings)]
    if problems:
        raise ConfigurationWrong(file, problems)
    if settings.authorities and path is not None:
        return msgspec.structs.replace(settings, authorities=str(path.parent / settings.authorities))
    return settings


def _table(files: LocalFiles, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(files.read(path, SETTINGS_BYTES_MAX).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationWrong(str(path), [Problem("", f"not TOML: {error}")]) from error


def _unknown(told: dict[str, Any], section: type[msgspec.Struct], at: str) -> list[Problem]:
    known = [field.name for field in msgspec.structs.fields(section)]
    near = {key: difflib.get_close_matches(key, known, 1, 0.0)[0] for key in told if key not in known}
    return [
        Problem(f"{at}{key}", f"unknown key; the nearest known key is {at}{other}")
        for key, other in near.items()
    ]


def _strange(settings: ProbeSettings) -> list[Problem]:
    problems = []
    if not settings.contact.isascii() or not settings.contact.isprintable():
        problems.append(Problem("contact", "is sent in a header: use printable ASCII"))
    if not settings.roots:
        problems.append(Problem("roots", "is empty: name a server of the root with its addresses"))
    for host, addresses in settings.roots.items():
        if not is_name(host):
            problems.append(Problem(f"roots.{host}", "is no host's name, in lower case and without last dot"))
        for one in addresses:
            if not _is(ip_address, one):
                problems.append(Problem(f"roots.{host}", f"{one} is no address"))
    for one in settings.networks:
        if not _is(ip_network, one):
            problems.append(Problem("networks", f"{one} is no network"))
    return problems


def _is(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
