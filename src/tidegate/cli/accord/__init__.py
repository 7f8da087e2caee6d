"""`tidegate accord`: what each side promised, what is due, and whether it was kept."""

import click

from tidegate.cli.lazily import Commands, Entry

COMMANDS: dict[str, Entry] = {
    "new": Entry("accord.new", "new", "Write a new accord from a template, to be changed and signed."),
    "check": Entry("accord.check", "check", "Say what is mistaken or doubtful in an accord's file."),
    "sign": Entry("accord.saying", "sign", "Sign an accord, to the byte, and tell the other parties."),
    "amend": Entry("accord.amend", "amend", "Show what a higher version changes, and sign it."),
    "pledge": Entry(
        "accord.pledges", "pledge", "List who declared what; join a guarantee or a pledge, or leave."
    ),
    "notify": Entry("accord.saying", "notify", "Give notice of an act, or notify an incident."),
    "clarify": Entry("accord.saying", "clarify", "Ask for clarification."),
    "evidence": Entry("accord.evidence", "evidence", "What the shield saw, as material for a question."),
    "consult": Entry("accord.saying", "consult", "Call a consultation."),
    "dialogue": Entry("accord.dialogue", "dialogue", "Tracks of dialogue: meetings, decisions, actions."),
    "roadmap": Entry("accord.roadmap", "roadmap", "Show milestones: whose, until when, and whether reached."),
    "reached": Entry("accord.roadmap", "reached", "Say that a milestone is reached, or an action done."),
    "list": Entry("accord.status", "list_accords", "List the accords that were signed here."),
    "show": Entry("accord.status", "show", "Show an accord, article by article, in one language."),
    "status": Entry("accord.status", "status", "Say what is due, late, met or disputed, and what is next."),
    "calendar": Entry("accord.calendar", "calendar", "Say what falls due when; or write it as iCalendar."),
    "review": Entry("accord.review", "review", "Make the review pack of a year, as HTML or PDF."),
    "account": Entry("accord.accounts", "account", "Write our account of a time to a file, and send it."),
    "reconcile": Entry("accord.accounts", "reconcile", "Put another party's account beside our record."),
    "simulate": Entry("accord.simulate", "simulate", "Say what a file would ask of its parties in years."),
    "compare": Entry("accord.compare", "compare", "Say what a draft with other clocks would have changed."),
}
"""One row a command."""


@click.group(cls=Commands, table=COMMANDS)
def accord() -> None:
    """Keep track of what each side promised."""
