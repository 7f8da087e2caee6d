"""Passphrases of officers' keys: asked on the terminal, or read from a file that only its owner can read."""

import os
import stat
from collections.abc import Mapping

import click

PASSPHRASE_VARIABLE = "TIDEGATE_PASSPHRASE_FILE"
ROOT_VARIABLE = "TIDEGATE_ROOT_PASSPHRASE_FILE"
STATION_VARIABLE = "TIDEGATE_STATION_PASSPHRASE_FILE"
BACKUP_VARIABLE = "TIDEGATE_BACKUP_PASSPHRASE_FILE"
PIN_VARIABLE = "TIDEGATE_PIN_FILE"

PASSPHRASE_CHARACTERS_MAX = 1_024
"""Of the file's first line so much is read; a longer passphrase is refused, because it would be cut."""


def passphrase(
    environ: Mapping[str, str], whose: str = "your key", variable: str = PASSPHRASE_VARIABLE
) -> str:
    """Of a key that there is; `variable` may name a file with it."""
    if path := environ.get(variable):
        return _in_file(path)
    told: str = click.prompt(f"Passphrase of {whose}", hide_input=True, err=True)
    return told


def new_passphrase(
    environ: Mapping[str, str], whose: str = "the new key", variable: str = PASSPHRASE_VARIABLE
) -> str:
    """Of a key that is made: asked twice on a terminal."""
    if path := environ.get(variable):
        return _in_file(path)
    told: str = click.prompt(f"Passphrase for {whose}", hide_input=True, confirmation_prompt=True, err=True)
    return told


def pin(environ: Mapping[str, str], token: str) -> str:
    """Of a token."""
    if path := environ.get(PIN_VARIABLE):
        return _in_file(path)
    told: str = click.prompt(f"PIN of the token {token}", hide_input=True, err=True)
    return told


def _in_file(path: str) -> str:
    with open(path, encoding="utf-8") as opened:
        if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
            raise click.UsageError(f"others may read the passphrase in {path}; run: chmod 600 {path}")
        told = opened.readline(PASSPHRASE_CHARACTERS_MAX + 2).rstrip("\r\n")
    if len(told) > PASSPHRASE_CHARACTERS_MAX:
        raise click.UsageError(
            f"the passphrase in {path} has more than {PASSPHRASE_CHARACTERS_MAX} characters"
        )
    return told
