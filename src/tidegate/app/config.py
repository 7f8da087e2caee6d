"""`tidegate.toml` read onto the settings: every mistake is told, with its place and the way out."""

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tidegate.app.listening import split_endpoint
from tidegate.app.settings import Config, ConsoleSection, DetectionSection, GuardSection, PlanningSection
from tidegate.app.units import parse_bits_per_s, parse_packets_per_s
from tidegate.model.refusals import NotAllowed
from tidegate.model.vectors import VECTORS

CONFIG_BYTES_MAX = 1 << 20
"""Longest configuration file that is read; a longer one is refused."""

PROBLEMS_MAX = 50
"""Mistakes told at once; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the dotted key it is at, and a sentence that says what is wrong and what to do."""

    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


class ConfigurationWrong(NotAllowed):
    """The configuration cannot be used; `problems` holds every mistake found in `file`."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        told = [f"{file}: {problem}" for problem in problems[:PROBLEMS_MAX]]
        if len(problems) > PROBLEMS_MAX:
            told.append(f"{file}: and {len(problems) - PROBLEMS_MAX} more mistakes")
        super().__init__("\n".join(told))
        self.file = file
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value: the keys that lead to it, the value as JSON has it, and where it comes from."""

    path: tuple[str, ...]
    value: Any
    origin: str

    @property
    def key(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """The settings in use, the file they were read from (None: built-in defaults), and what it sets."""

    config: Config
    file: Path | None
    told: frozenset[tuple[str, ...]]

    def settings(self) -> Iterator[Setting]:
        """Every setting in the order of the documentation, with its origin."""
        for path, value in _leaves(msgspec.to_builtins(self.config), ()):
            here = path in self.told or (path[0] == "sampling" and len(path) > 1)
            yield Setting(path, value, str(self.file) if here else "default")


def find_config(told: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one told, else the user's own if it is there, else none."""
    if told is not None:
        return told
    home = environ.get("HOME")
    folder = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else None)
    usual = Path(folder) / "tidegate" / "tidegate.toml" if folder else None
    return usual if usual is not None and os.access(usual, os.F_OK) else None


def find_state(told: Path | None, environ: Mapping[str, str]) -> Path:
    """The state folder: the one told, else $TIDEGATE_STATE, else the XDG state folder."""
    if told is not None:
        return told
    if named := environ.get("TIDEGATE_STATE"):
        return Path(named)
    home = environ.get("HOME")
    folder = environ.get("XDG_STATE_HOME") or (f"{home}/.local/state" if home else "/var/lib")
    return Path(folder) / "tidegate"


def load_config(told: Path | None, environ: Mapping[str, str]) -> LoadedConfig:
    """The configuration in use; ConfigurationWrong names every mistake in the file."""
    file = find_config(told, environ)
    if file is None:
        return LoadedConfig(Config(), None, frozenset())
    return parse_config(_read(file), file)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(CONFIG_BYTES_MAX + 1)
        if len(data) > CONFIG_BYTES_MAX:
            raise ConfigurationWrong(str(file), [Problem("", f"longer than {CONFIG_BYTES_MAX} bytes")])
        return data.decode()
    except OSError as error:
        why = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise ConfigurationWrong(str(file), [Problem("", why)]) from error
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8; save the file as UTF-8 text"
        raise ConfigurationWrong(str(file), [Problem("", why)]) from error


def parse_config(text: str, file: Path) -> LoadedConfig:
    """The settings that `text` states over the defaults; ConfigurationWrong names every mistake."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationWrong(str(file), [Problem("", f"not TOML: {error}")]) from error
    problems: list[Problem] = []
    clean = _checked_table(table, Config, "", problems)
    if not problems:
        problems += _contradictions(table)
    if problems:
        raise ConfigurationWrong(str(file), problems)
    told = frozenset(path for path, _ in _leaves(table, ()))
    return LoadedConfig(msgspec.convert(clean, Config), file, told)


def _checked_table(
    table: Mapping[str, Any], section: type[msgspec.Struct], at: str, problems: list[Problem]
) -> dict[str, Any]:
    """The table with its worded values as numbers; mistakes are added to `problems`."""
    fields = {field.name: field for field in msgspec.structs.fields(section)}
    clean: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{at}{key}"
        if key not in fields:
            problems.append(Problem(where, _unknown(key, at, fields)))
        elif isinstance(fields[key].type, type) and issubclass(fields[key].type, msgspec.Struct):
            clean[key] = _checked_section(value, fields[key].type, where, problems)
        elif _is_by_name(fields[key].type):
            clean[key] = _checked_names(value, fields[key].type, where, problems)
        elif not at:
            clean[key] = _checked_entries(value, fields[key].type, where, problems)
        else:
            clean[key] = _checked_value(value, fields[key].type, where, problems)
    problems += [
        Problem(f"{at}{name}", "missing; it has no default")
        for name, field in fields.items()
        if field.required and name not in table
    ]
    return clean


def _is_by_name(hint: Any) -> bool:
    """A table whose keys are the operator's own names, each holding one section."""
    mapping: Any = getattr(hint, "__origin__", None)
    if getattr(mapping, "__origin__", None) is not dict:
        return False
    section = mapping.__args__[1]
    return isinstance(section, type) and issubclass(section, msgspec.Struct)


def _unknown(key: str, at: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return f"unknown key; the nearest known key is {at}{near[0]}"


def _checked_section(value: object, section: type[msgspec.Struct], at: str, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        problems.append(Problem(at, f"expected a table; write it as [{at}]"))
        return None
    return _checked_table(value, section, f"{at}.", problems)


def _checked_names(value: object, hint: Any, at: str, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        problems.append(Problem(at, f"expected tables by name; write each as [{at}.NAME]"))
        return None
    mapping = hint.__origin__
    name_hint, section = mapping.__args__
    for name in value:
        _checked_value(name, name_hint, f"{at}.{name}", problems)
    if len(value) > hint.__metadata__[0].max_length:
        problems.append(Problem(at, f"at most {hint.__metadata__[0].max_length} are allowed"))
    return {name: _checked_section(table, section, f"{at}.{name}", problems) for name, table in value.items()}


def _checked_entries(value: object, hint: Any, at: str, problems: list[Problem]) -> Any:
    """A table of one value to a key, such as [sampling], each entry checked by itself."""
    if not isinstance(value, dict):
        problems.append(Problem(at, f"expected a table; write it as [{at}]"))
        return None
    entries: dict[str, Any] = {}
    for key, entry in value.items():
        entries |= _checked_value({key: entry}, hint, f"{at}.{key}", problems) or {}
    return entries


def _checked_value(value: Any, hint: Any, at: str, problems: list[Problem]) -> Any:
    """`value` read as the field's type; a worded value ("10 Gbit/s") becomes its number first."""
    found = len(problems)
    worded = _reworded(value, _words_of(hint), at, problems)
    if len(problems) > found:
        return None
    try:
        return msgspec.to_builtins(msgspec.convert(worded, hint))
    except msgspec.ValidationError as error:
        problems.append(_problem(at, error, hint))
    return None


def _words_of(hint: Any) -> str | None:
    """The reading that the innermost annotation of a type asks for, e.g. "prefix"."""
    for meta in getattr(hint, "__metadata__", ()):
        if meta.extra and "words" in meta.extra:
            return str(meta.extra["words"])
    inner = getattr(hint, "__origin__", None) if hasattr(hint, "__metadata__") else None
    for part in (inner, *getattr(hint, "__args__", ())):
        if part is not None and (found := _words_of(part)):
            return found
    return None


def _reworded(value: Any, words: str | None, at: str, problems: list[Problem]) -> Any:
    if words is None:
        return value
    if isinstance(value, list):
        return [_reworded(item, words, f"{at}[{i}]", problems) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {_reworded(key, words, at, problems): item for key, item in value.items()}
    try:
        return READINGS[words](value) if isinstance(value, str) else value
    except ValueError as error:
        problems.append(Problem(at, f'"{value}": {error}'))
    return None


def _prefix(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        if "host bits" in str(error):
            meant = ipaddress.ip_network(text, strict=False)
            raise ValueError(f"has bits beyond its length; write {meant} if you mean the network") from None
        raise ValueError('not an address or prefix; write it like "192.0.2.0/24"') from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError('not an address; write it like "192.0.2.1" or "2001:db8::1"') from None


def _endpoint(text: str) -> str:
    split_endpoint(text)
    return text


def _endpoint_or_off(text: str) -> str | None:
    return None if text == "off" else _endpoint(text)


READINGS: dict[str, Callable[[str], int | str | None]] = {
    "bits_per_s": parse_bits_per_s,
    "packets_per_s": parse_packets_per_s,
    "prefix": _prefix,
    "address": _address,
    "endpoint": _endpoint,
    "endpoint_or_off": _endpoint_or_off,
}

_TYPE_WORDS = {
    "`int`": "a whole number",
    "`str`": "text in quotes",
    "`bool`": "true or false",
    "`float`": "a decimal number",
    "`array`": "a list in [brackets]",
    "`object`": "a table",
    "`null`": "nothing",
    "`int | null`": "a whole number",
}


def _problem(at: str, error: msgspec.ValidationError, hint: Any) -> Problem:
    """msgspec's complaint in an operator's words, at the key that it is about."""
    message, _, path = str(error).partition(" - at ")
    for word, plain in _TYPE_WORDS.items():
        message = message.replace(word, plain)
    if message.startswith("Invalid enum value"):
        choices = ", ".join(f'"{choice}"' for choice in hint.__args__)
        message = f"{message.lower()}; choose one of {choices}"
    if "matching regex" in message:
        message = "a name is made of letters, digits, dots, dashes and underscores, at most 64 of them"
    inside = re.search(r"\[\d+\]", path)
    return Problem(at + (inside[0] if inside else ""), message[:1].lower() + message[1:])


def _console_contradictions(table: Mapping[str, Any]) -> Iterator[Problem]:
    from tidegate.app.console.address import configured

    if table.get("console"):
        try:
            configured(ConsoleSection(**table["console"]))
        except NotAllowed as refusal:
            yield Problem("console", refusal.why)


def _contradictions(table: Mapping[str, Any]) -> Iterator[Problem]:
    """Mistakes that no single value shows."""
    yield from _console_contradictions(table)
    vectors = [vector.name for vector in VECTORS]
    for name in table.get("floors", {}):
        if name not in vectors:
            near = difflib.get_close_matches(name, vectors, n=1, cutoff=0.0)
            yield Problem(f"floors.{name}", f"no such vector; the nearest known one is {near[0]}")
    detection = DetectionSection(**table.get("detection", {}))
    if detection.persistence_seconds > detection.persistence_window_seconds:
        window = f"its window of {detection.persistence_window_seconds} s"
        why = f"longer than {window}; lower it or widen the window"
        yield Problem("detection.persistence_seconds", why)
    yield from _border_contradictions(table)
    owner: dict[str, str] = {}
    for name, point in table.get("border_points", {}).items():
        for exporter in map(_prefix, point["exporters"]):
            if exporter in owner:
                why = f"{exporter} already belongs to border point {owner[exporter]}; name it once"
                yield Problem(f"border_points.{name}.exporters", why)
            owner.setdefault(exporter, name)


def _border_contradictions(table: Mapping[str, Any]) -> Iterator[Problem]:
    border = table.get("border", {})
    if border.get("speaker", "off") != "off":
        for key in ("local_as", "local_address"):
            if key not in border:
                yield Problem(f"border.{key}", "missing; a speaker needs it")
        if "router_id" not in border and ":" in border.get("local_address", ""):
            why = "missing; a speaker with an IPv6 address needs an identifier like 192.0.2.1"
            yield Problem("border.router_id", why)
    planning = PlanningSection(**table.get("planning", {}))
    guard = GuardSection(**table.get("guard", {}))
    for key, most in (
        ("lease_seconds", min(planning.ends_after_seconds, guard.lease_max_seconds)),
        ("approve_within_seconds", guard.approve_within_max_seconds),
        ("spot_test_seconds", planning.lease_seconds),
        ("widen_every_seconds", planning.lease_seconds),
    ):
        if getattr(planning, key) > most:
            yield Problem(f"planning.{key}", f"at most {most} by the other settings")
    addresses: dict[str, str] = {}
    for name, point in table.get("border_points", {}).items():
        for router, section in point.get("routers", {}).items():
            other = addresses.setdefault(_address(section["address"]), f"{name}.routers.{router}")
            if other != f"{name}.routers.{router}":
                why = f"{section['address']} is already border_points.{other}; name it once"
                yield Problem(f"border_points.{name}.routers.{router}.address", why)


def _leaves(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with the keys that lead to it; an empty table stands for itself."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*at, key))
        else:
            yield (*at, key), value
