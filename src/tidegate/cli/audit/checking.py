"""`tidegate audit check` and `diff`: services held to a policy, and two audits set side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit.options import audit_option, home_option, opened
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.parts import Parts


@click.command()
@click.argument("policy", type=click.Path(path_type=Path))
@home_option
@audit_option
@json_option
@click.pass_obj
def check(parts: "Parts", /, policy: Path, home: str | None, audit_name: str, *, as_json: bool) -> None:
    """Hold the services to the rules of a POLICY (TOML). What is not known breaks a rule, too.

    The exit code is 1 when a rule is broken.
    """
    from tidegate.app.audit.asking import breaches, read_policy, standings

    rules = read_policy(parts.files(), policy)
    audit = opened(parts, audit_name)
    country = home or audit.home()
    found = breaches(audit, rules, standings(audit, country), country)
    if as_json:
        for one in found:
            print_json(one)
    elif found:
        from tidegate.cli.audit.tables import breach_table

        console().print(breach_table(found))
    else:
        console().print(f"All {len(rules.rule)} rules are kept.")
    if found:
        raise Finished(Exit.FINDING)


@click.command()
@click.argument("before")
@click.argument("after")
@home_option
@json_option
@click.pass_obj
def diff(parts: "Parts", /, before: str, after: str, home: str | None, *, as_json: bool) -> None:
    """Say what differs between two audits: layers, losses, scores, and what was not seen.

    The exit code is 1 when anything does.
    """
    from tidegate.app.audit.asking import differences, findings_of

    audits = [opened(parts, name) for name in (before, after)]
    country = home or audits[1].home()
    found = differences(*(findings_of(audit, country) for audit in audits))
    if as_json:
        for one in found:
            print_json(one)
    elif found:
        from tidegate.cli.audit.tables import difference_table

        console().print(difference_table(found))
    else:
        console().print("Nothing differs.")
    if found:
        raise Finished(Exit.FINDING)
