"""Answers about small countries: layers, losses, scores, advice and proofs, against plain counting."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.told_country import DAY_S, TOLD, country, fate_in, host, place, with_a_second_server
from tidegate.app.audit.comma import comma_lines
from tidegate.audit.advice import advise, changes_of, mended
from tidegate.audit.auditing import Audit, audit_of
from tidegate.audit.causes import shortest_proof
from tidegate.audit.graph import EFFECTS, Kind
from tidegate.audit.hits import hits_of
from tidegate.audit.layers import standings, totals
from tidegate.audit.losses import FAMILIES, blasts, candidates, event_of
from tidegate.audit.policies import breaches
from tidegate.audit.reasoning import SURELY_FAILS, columns, times_after, times_in
from tidegate.audit.scores import scores
from tidegate.audit.synthetic import synthetic_audit
from tidegate.kernels.dependencies import NEVER, UNFOUNDED
from tidegate.model.audit_costs import KIND_WORDS, Costs, Effort, Stated
from tidegate.model.audit_events import MOMENTS, Policy, Rule, WithdrawProvider
from tidegate.model.audits import AuthoritiesAllowedSeen, ProviderDeclared, ServiceListed
from tidegate.model.refusals import NotAllowed

MONTH_S = 30 * DAY_S
COSTS = Costs(
    cost={"name_servers": Effort(3, 1), "replica": Effort(11), "authority": Effort(2, 2)},
    change=(Stated("page_copy", "host cdn.example", 4),),
)


def made_up(seed: int, services: int = 4) -> Audit:
    return audit_of(synthetic_audit(seed, services, parts=3))


def test_layers_say_what_goes_on_without_the_world() -> None:
    told = {one.layer: one for one in standings(audit_of(country()), "XA")}
    assert (told["hosting"].where, told["hosting"].single) == ("home", True)
    assert (told["names"].where, told["names"].lasts_s) == ("abroad", 300)
    assert (told["names"].hangs_on, told["certificates"].hangs_on) == ("provider Names", "authority Seal")
    assert (told["pages"].where, told["pages"].single) == ("home", False)


def test_the_root_makes_no_layer_foreign() -> None:
    told = [one for one in with_a_second_server("Second") if getattr(one, "address", "") != "192.0.2.1"]
    told += [place("192.0.2.1", "Root", "XC")]
    names = next(one for one in standings(audit_of(told), "XA") if one.layer == "names")
    assert names.lasts_s is not None
    assert names.lasts_s > 6 * DAY_S  # By the primary, which is abroad.


@pytest.mark.parametrize("seed", [1, 2])
def test_each_single_loss_is_what_the_event_alone_does(seed: int) -> None:
    audit = made_up(seed, 12)
    people = {name: told.people for name, told in audit.observed.services.items()}
    kinds = {kind.name.lower(): kind for kind, _ in FAMILIES}
    for one in blasts(audit, "XA"):
        event = event_of(audit.graph, audit.things.row(kinds[one.kind], one.name), "XA")
        assert event is not None
        fates = {name: fate_in(audit, event, service=name) for name in people}
        for at, (_, at_s) in enumerate(MOMENTS):
            stopped = [
                name for name, fate in fates.items() if fate.fails_s is not None and fate.fails_s <= at_s
            ]
            assert one.services[at] == len(stopped)
            assert one.people[at] == sum(people[name] for name in stopped)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 1_000))
def test_advice_on_small_audits_is_the_best_there_is(seed: int) -> None:
    """Every set of two changes, or of those within the budget, is tried here by whole new runs, and none
    leaves less; and what is told to gain most for its cost first does.
    """
    audit = made_up(seed, 2)
    budget = None if seed % 2 else 12.0
    told = advise(audit, "XA", 2, 30 * 24, COSTS, budget)
    changes = changes_of(audit.graph)
    graph, rows = mended(audit.graph, changes)
    view = columns(graph, SURELY_FAILS, audit.at_s)
    losses = [int(row) for kind, _ in FAMILIES for row in candidates(audit, kind, "XA")]
    weights = {row: service.people for row, service in audit.services()}

    def left(made: tuple[int, ...]) -> int:
        total = 0
        own = view.own_s.copy()
        own[rows] = UNFOUNDED
        usual = times_in(graph, view, own)
        own[rows[list(made)]] = NEVER
        for loss in losses:
            kept, own[loss] = own[loss], 0
            times = times_in(graph, view, own)
            own[loss] = kept
            total += sum(people for row, people in weights.items() if times[row] <= MONTH_S < usual[row])
        return total

    assert told.lost == left(())
    cost = [COSTS.of(one.kind, one.fix.of, len(one.rows)) for one in changes]
    sets = [
        made
        for size in ((0, 1, 2) if budget is not None else (min(2, len(changes)),))
        for made in combinations(range(len(changes)), size)
        if budget is None or sum(cost[at] for at in made) <= budget
    ]
    best = min(map(left, sets))
    assert told.left >= best
    assert told.left_by_cost >= best
    ratios = [(told.lost - left((at,))) / cost[at] for (at,) in (made for made in sets if len(made) == 1)]
    if ratios and max(ratios) > 0:
        assert told.by_cost[0].gain / told.by_cost[0].cost == pytest.approx(max(ratios))
    if budget is not None:
        assert sum(one.cost for one in told.changes) <= budget
        assert sum(one.cost for one in told.by_cost) <= budget
    if told.exact:
        assert told.left == best
    assert told.lost - sum(one.gain for one in told.changes) == told.left


def test_some_small_audits_are_small_enough_for_the_best_advice() -> None:
    assert advise(made_up(1, 2), "XA", 2, 30 * 24, Costs()).exact


def test_a_second_provider_of_names_helps_who_has_one() -> None:
    told = advise(audit_of(country()), "XA", 3, 24, Costs())
    assert "second provider of name servers" in {one.fix.kind for one in told.changes}
    assert told.left < told.lost


def test_what_a_change_costs_decides_which_is_first_for_its_cost() -> None:
    audit = audit_of(country())
    dear = Costs(cost={"name_servers": Effort(1_000_000)})
    cheap = Costs(cost={"name_servers": Effort(0.001)})
    first = [advise(audit, "XA", 3, 24, costs).by_cost[0].fix.kind for costs in (dear, cheap)]
    assert first[0] != first[1] == "second provider of name servers"
    stated = Costs(change=(Stated("name_servers", "bank.example", 77.5),))
    told = advise(audit, "XA", 3, 24, stated)
    assert {one.cost for one in told.changes if one.fix.of == "bank.example"} == {77.5}


def test_a_budget_that_nothing_fits_into_advises_nothing() -> None:
    told = advise(audit_of(country()), "XA", 3, 24, Costs(), 0.5)
    assert (told.changes, told.by_cost) == ((), ())
    assert told.left == told.left_by_cost == told.lost


def test_a_second_authority_names_the_hosts_whose_caa_has_to_allow_it() -> None:
    allowed = AuthoritiesAllowedSeen(
        name="www.bank.example", authorities=("seal.example",), ttl_s=300, **TOLD
    )
    told = []
    for some in (country(), [*country(), allowed]):
        changes = advise(audit_of(some), "XA", 9, 24 * 90, Costs()).changes
        told.append(next(one.caa for one in changes if one.fix.kind == KIND_WORDS["authority"]))
    assert told == [(), ("www.bank.example",)]


def is_proof(audit: Audit, titles: tuple[str, ...], stopped: str) -> bool:
    """Whether each thing is what was stopped, or has a critical group whose members all stand before it."""
    graph = audit.graph
    row_of = {graph.title(row): row for row in range(len(graph))}
    before: set[int] = set()
    for title in titles:
        row = row_of[title]
        critical = [group for group in graph.groups(row) if graph.effect[group] == EFFECTS.index("critical")]
        if title != stopped and not any(
            before.issuperset(graph.members(group).tolist()) for group in critical
        ):
            return False
        before.add(row)
    return True


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 1_000))
def test_proofs_hold_step_by_step(seed: int) -> None:
    audit = made_up(seed)
    for provider in audit.graph.rows(Kind.PROVIDER).tolist():
        hits = hits_of(audit.things, [WithdrawProvider(provider=audit.graph.names[provider])])
        told, times = times_after(audit.graph, SURELY_FAILS, hits, audit.at_s)
        for row, _ in audit.services():
            proof = shortest_proof(audit.graph, told, times, row)
            assert bool(proof) == (times[row] != NEVER)
            if proof:
                assert proof[-1] == audit.graph.title(row)
                assert is_proof(audit, proof, audit.graph.title(provider))


def test_scores_are_those_of_the_paper() -> None:
    """Four sites, three of one provider at home and one of another abroad: 9/16 + 1/16 - 1/4, and 3/4."""
    told = [one for one in country() if not isinstance(one, ServiceListed)]
    for at in range(4):
        site = f"www.s{at}.example"
        told += [
            ServiceListed(name=site, country="XA", domains=(site,), **TOLD),
            host(site, "example", f"198.51.100.{at + 10}"),
            place(f"198.51.100.{at + 10}", "Far" if at == 3 else "Near", "XB" if at == 3 else "XA"),
        ]
    hosting = scores(audit_of(told), "XA")[0]
    assert hosting.concentration == pytest.approx(9 / 16 + 1 / 16 - 1 / 4)
    assert hosting.insularity == pytest.approx(3 / 4)


def test_a_rule_is_broken_by_what_is_not_known_and_says_so() -> None:
    told = [one for one in country() if getattr(one, "address", "") != "198.51.100.1"]
    told += [place("198.51.100.1", "", "XA")]
    audit = audit_of(told)
    rule = Rule("hosting is redundant", layer="hosting", must_be="redundant")
    (found,) = breaches(audit, Policy((rule,)), standings(audit, "XA"), "XA")
    assert not found.sure
    (cut,) = breaches(audit, Policy((Rule("cut", survives="cut off"),)), (), "XA")
    assert (cut.sure, cut.why) == (True, "XA is cut off")


def test_every_way_to_break_a_rule_has_its_code_and_its_words() -> None:
    """What a page says in other languages it says by the code; the words are the command's."""
    audit = audit_of(country())
    rules = [
        Rule("a", layer="names", must_be="at home"),
        Rule("b", layer="names", must_be="redundant"),
        Rule("c", layer="payment", must_be="seen"),
        Rule("d", survives="any provider", hours=24 * 365),
    ]
    found = {one.rule: one for one in breaches(audit, Policy(tuple(rules)), standings(audit, "XA"), "XA")}
    told = {name: (one.because, one.layer, one.of) for name, one in found.items()}
    assert told["a"] == ("abroad", "names", "")
    assert told["b"][:2] == ("hangs_on", "names")
    assert told["c"] == ("unknown", "payment", "")
    assert told["d"][0] == "without"
    assert found["a"].why == "names is abroad"
    assert found["b"].why == f"names hangs on {found['b'].of}"
    assert found["c"].why == "nothing is known of its layer payment"
    assert found["d"].why == f"without {found['d'].of}"


def test_a_rule_that_asks_for_nothing_is_refused_and_not_kept() -> None:
    audit = audit_of(country())
    for rule in (Rule("x"), Rule("x", layer="names"), Rule("x", survives="cut off", layer="names")):
        with pytest.raises(NotAllowed, match="must say either"):
            breaches(audit, Policy((rule,)), (), "XA")


def test_a_rule_over_nobody_is_refused() -> None:
    audit = audit_of(country())
    with pytest.raises(NotAllowed, match="no service"):
        breaches(audit, Policy((Rule("x", sectors=("none",), survives="cut off"),)), (), "XA")


def test_services_of_several_countries_have_no_home_by_themselves() -> None:
    with pytest.raises(NotAllowed, match="several"):
        audit_of([*country(), ServiceListed(name="Shop", country="XB", **TOLD)]).home()


def test_an_owner_falls_with_all_its_providers() -> None:
    told = [*country(), ProviderDeclared(name="Hoster", owner="Holding", country="XA", **TOLD)]
    found = {one.name: one for one in blasts(audit_of(told), "XA")}
    assert found["Holding"].people == found["Hoster"].people == (100,) * 7


def test_totals_are_sums_over_services() -> None:
    audit = made_up(3, 20)
    told = standings(audit, "XA")
    whole = sum(one.people for one in audit.observed.services.values())
    hosting = next(one for one in totals(audit, told) if one.layer == "hosting")
    assert hosting.home + hosting.abroad + hosting.not_known == hosting.people == whole


def test_no_cell_of_a_table_is_a_formula() -> None:
    assert comma_lines(["name"], [["=1+1"], [-5], [None]]) == 'name\n\'=1+1\n-5\n""\n'
