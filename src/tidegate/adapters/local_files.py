"""Files that a person names on the command line (tidegate.ports.files.LocalFiles)."""

from collections.abc import Mapping
from pathlib import Path

from tidegate.adapters.topology_files import write_whole
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed


class DiskFiles:
    def read(self, path: Path, bytes_max: int) -> bytes:
        try:
            with path.open("rb") as file:
                body = file.read(bytes_max + 1)
        except OSError as error:
            what = f"it cannot be read ({error.strerror})"
            raise OutsideFailed(what, str(path), "Name a file that is there.") from error
        if len(body) > bytes_max:
            raise NotAllowed(f"{path} is longer than {bytes_max} bytes")
        return body

    def stamps(self, folder: Path) -> Mapping[str, str]:
        try:
            found = [(path.name, path.stat()) for path in folder.iterdir() if path.is_file()]
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            what = f"it cannot be read ({error.strerror})"
            raise OutsideFailed(what, str(folder), "Make the folder readable for this user.") from error
        return {name: f"{known.st_size}-{known.st_mtime_ns}-{known.st_ino}" for name, known in found}

    def write_new(self, path: Path, body: bytes) -> None:
        if path.exists():
            raise NotAllowed(f"{path} exists; nothing is written over it")
        write_whole(path, body)

    def write(self, path: Path, body: bytes) -> None:
        write_whole(path, body)
