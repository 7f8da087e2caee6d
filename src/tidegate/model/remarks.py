"""What speaks against an advance notice before it goes out, as codes and values for each language."""

from typing import Literal

import msgspec


class Remark(msgspec.Struct, frozen=True):
    """`stop` keeps the message back; `mark` travels with it. `article` is where the accord says so; `values`
    are what the sentence of the code names: names and dates as the file has them, times in seconds."""

    kind: Literal["stop", "mark"]
    code: Literal["touches-asset", "falls-into", "late"]
    article: str
    values: tuple[tuple[str, str], ...]
