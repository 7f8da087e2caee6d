"""docs/stages.md from the table of moves; `python -m tests.mitigate.stages_page` writes it."""

from pathlib import Path

from tidegate.mitigate.stages import ENDINGS, FINAL, IN_FORCE, MEANING, TRANSITIONS, PlanEvent, PlanStage

PAGE = Path(__file__).parents[2] / "docs" / "stages.md"

OPENING = """# Stages of a plan

This page is made from the table of moves in `tidegate.mitigate.stages` (`uv run python -m
tests.mitigate.stages_page` writes it, and a test holds the two together). A move that is not in the table
cannot be recorded, and so cannot happen.

Rules are in force in the four stages inside the box. What ends a plan leads out of the box from each of
them, and out of *approved*; the drawing shows these moves once.

"""

BEHIND = """
A lease runs whenever rules are in force. It is renewed only while something shows that the attack goes on;
once it is over, the only moves left are the endings.

A mitigated attack is invisible downstream, so a plan that holds is *relaxed*: at one border point the rules
are taken back for half a minute, and what comes in then is measured. Nothing looser than what two people
approved is ever announced, which is why taking back is the only way to look. The plan is lifted when each
border point, in its turn, was found quiet. A look that telemetry cannot answer changes nothing; if no look
is answered for long, leases are not renewed, and the plan lapses.

Where the routers of a border point count what the rules match there, the rules stay while that is counted for
half a minute: where it is below a quarter of what came in before the rules, the border point is *found quiet*
without being relaxed. Otherwise, and without counters, it is relaxed as everywhere.

A plan that replaces one in force takes its place border point by border point: the older one *yields* where
the newer comes, stays in force everywhere else, and is superseded when the newer is as wide as it will be.
Where the newer fails, or a step of it is undone, the older is in force again, as long as its own lease and
approvals hold and the guard agrees. A person's withdrawal of the newer puts nothing in force. At each border
point one of the two counts against the guard's shares and the routers' budgets, whichever is there. What came
in before the older one is taken for what the newer has to remove, where the older hides it.

A BGP session that goes down where rules are in force, or lacks the address family of one of them, is an alarm
(`BorderSessionChanged`) and no move: the rules there are gone with the session and come back with it, as long
as the lease is renewed. What telemetry shows decides. A spot test or a step whose session is down when it is
judged fails; a plan that is held stays, and a look at that border point finds the attack passing.
"""


def page() -> str:
    return (
        f"{OPENING}{drawing()}\n## What each stage means\n\n{meanings()}\n## All moves\n\n{moves()}{BEHIND}"
    )


def node(stage: PlanStage) -> str:
    return stage.replace(" ", "_")


def drawing() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> proposed", "    state in_force {"]
    shown = [
        (before, event, then)
        for (before, event), then in TRANSITIONS.items()
        if not (event in ENDINGS and then in FINAL and before is not PlanStage.PROPOSED)
    ]
    inside = [move for move in shown if move[0] in IN_FORCE and move[2] in IN_FORCE]
    lines += [f"    {arrow(*move)}" for move in inside]
    lines += ["    }"]
    lines += [arrow(*move) for move in shown if move not in inside]
    lines += [arrow(PlanStage.APPROVED, event, then) for event, then in ENDINGS.items()]
    lines += [f"    in_force --> {node(then)}: {event}" for event, then in ENDINGS.items()]
    lines += [f"    {node(stage)} --> [*]" for stage in PlanStage if stage in FINAL]
    return "\n".join((*lines, "```", ""))


def arrow(before: PlanStage, event: PlanEvent, then: PlanStage) -> str:
    return f"    {node(before)} --> {node(then)}: {event}"


def meanings() -> str:
    rows = [
        f"| {stage} | {'yes' if stage in IN_FORCE else 'no'} | {MEANING[stage]} |\n" for stage in PlanStage
    ]
    return "| stage | rules in force | meaning |\n|---|---|---|\n" + "".join(rows)


def moves() -> str:
    rows = [f"| {before} | {event} | {then} |\n" for (before, event), then in TRANSITIONS.items()]
    return "| in stage | event | leads to |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
