"""An operator's `counters` command, for the lab's routers: `PROGRAM nft FILE` or `PROGRAM own FILE`.

FILE holds the rules that the router holds, in the order in which it asks them, each with its counts where
the router is the lab's own; nft is asked for them where the kernel holds the rules.
"""

import json
import subprocess
import sys
from typing import Any

TABLE = "tidegate_lab"


def by_kernel(held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    command = ["nft", "-j", "list", "counters", "table", "inet", TABLE]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    counted = {one["counter"]["name"]: one["counter"] for one in told["nftables"] if "counter" in one}
    return [
        {
            "rule": rule,
            "matched_bytes": counted[f"matched{at}"]["bytes"],
            "matched_packets": counted[f"matched{at}"]["packets"],
            "dropped_bytes": counted[f"dropped{at}"]["bytes"],
        }
        for at, rule in enumerate(held)
    ]


def main(source: str, file: str) -> None:
    asked = json.load(sys.stdin)
    with open(file, encoding="utf-8") as opened:
        held = json.load(opened)
    counts = by_kernel(held) if source == "nft" else held
    told = [
        {**one, "rule": at}
        for at, rule in enumerate(asked["rules"])
        for one in counts
        if (one["rule"]["match"], one["rule"]["action"]) == (rule["match"], rule["action"])
    ]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
