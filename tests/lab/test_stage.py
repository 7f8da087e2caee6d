"""The demo's stage: no flood comes before those who will tell of it have agreed how."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tidegate.__main__ import PARTS
from tidegate.lab.stage import PUT_OFF_S, Stage
from tidegate.lab.story import SCENES
from tidegate.lab.telling.talk import Talk

SOON = replace(SCENES[-1], from_s=1.0, for_s=0.5)
LOOK_S = 0.02
NOWHERE = 9
"""A port at which nobody listens."""


def until(stage: Stage, world_s: float) -> None:
    while stage.world is None or stage.world.now_s < world_s:
        stage.check()
        time.sleep(LOOK_S)


def test_the_ordinary_day_lasts_until_floods_may_come_and_the_story_waits_with_it(tmp_path: Path) -> None:
    agreed = threading.Event()
    stage = Stage(PARTS.clock(), tmp_path, [SOON], lasting=False, may_come=agreed.is_set)
    stage.prepare()
    try:
        stage.begin(NOWHERE)
        until(stage, 3.0)
        world = stage.world
        assert world is not None
        floods = [one for one in world.streams if one.until_s != float("inf")]
        assert floods
        assert not any(one.account for one in floods)
        assert all(one.account for one in world.streams if one not in floods)
        agreed.set()
        until(stage, 5.0)
        floods = [one for one in world.streams if one.until_s != float("inf")]
        late_s = floods[0].from_s - SOON.from_s
        assert late_s >= 3.0 - SOON.from_s
        assert {one.from_s for one in floods} == {SOON.from_s + late_s}
        assert {one.until_s for one in floods} == {SOON.from_s + SOON.for_s + late_s}
        assert all(one.account for one in floods)
        assert stage.elapsed_s >= world.now_s - late_s - PUT_OFF_S
    finally:
        stage.stop()


def test_whatever_ends_the_officers_talk_ends_the_demo() -> None:
    talk = Talk(PARTS, {}, "198.51.100.20/32")
    talk.start()
    talk.join()
    with pytest.raises(KeyError):
        talk.check()
