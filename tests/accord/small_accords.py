"""Random small accords and what is told under them, in which everything happens soon and often."""

from hypothesis import strategies as st

from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.model.accords import (
    Accord,
    After,
    Asset,
    Before,
    By,
    Every,
    Force,
    Languages,
    Never,
    Obligation,
    Occurrence,
    Party,
    Period,
    Receipted,
    Tighter,
    Told,
    Track,
)

ENTERED_S = begin_of_day(parse_day("2028-01-30")) + 7_200
LONG_S = 70 * 86_400
CODES = ("XA", "XB", "XC")
TEXT = {"en": "text"}
SPANS = st.sampled_from(["1h", "48h", "3d", "2wd", "1w", "1mo"])
MOMENTS = st.integers(-2, 140).map(lambda halves: ENTERED_S + halves * 43_200)
REFERENCES = st.sampled_from(["m1", "m2", "m3", "m4"])
ABOUT = st.sampled_from(["", "m1", "m2", "m3"])
TIGHTER = st.lists(
    st.builds(
        Tighter,
        period=st.sampled_from([None, "election"]),
        asset_class=st.sampled_from([None, "hospital"]),
        civilian=st.booleans(),
        span=SPANS,
    ),
    max_size=2,
).map(tuple)
COUNTS = st.sampled_from(["receipt", "sending"])
CLOCKS = st.one_of(
    st.builds(Before, act=st.just("exercise"), at_least=SPANS, counts_to=COUNTS, tighter=TIGHTER),
    st.builds(
        After,
        event=st.sampled_from(["incident", "clarification-request"]),
        obliges=st.sampled_from(["author", "addressee"]),
        within=SPANS,
        counts_to=COUNTS,
        tighter=TIGHTER,
    ),
    st.builds(
        Every, span=st.sampled_from(["1w", "1mo", "20d"]), in_each_language=st.booleans(), counts_to=COUNTS
    ),
    st.builds(By, date=st.sampled_from(["2028-02-10", "2028-03-20"]), counts_to=COUNTS),
    st.builds(Never, act=st.just("asset-touched"), within=SPANS, tighter=TIGHTER),
)
EVIDENCE = {
    Before: "notice",
    After: "clarification-reply",
    Every: "check",
    By: "milestone-reached",
    Never: "clarification-reply",
}


@st.composite
def accords(draw: st.DrawFn) -> Accord:
    obligations = [
        Obligation(
            id=f"o{number}",
            article=str(number),
            text=TEXT,
            clock=clock,
            evidence=EVIDENCE[type(clock)],
            duty=draw(st.sampled_from(["each", ("XA",), ("XA", "XB")])),
            toward=draw(st.sampled_from(["others", ("XB",)])),
            track=draw(st.sampled_from(["", "agencies", "experts"])),
        )
        for number, clock in enumerate(draw(st.lists(CLOCKS, min_size=1, max_size=4)))
    ]
    return Accord(
        format=1,
        id="small",
        version=1,
        title=TEXT,
        force=Force(enters="signature", notice="6mo"),
        languages=Languages(authentic=("fa", "ru")),
        party=tuple(
            Party(code=code, name=TEXT, weekend=("fri", "sat"), holidays=("2028-02-02",))
            for code in CODES[: draw(st.integers(2, 3))]
        ),
        asset=(
            Asset(id="clinic", party="XB", asset_class="hospital"),
            Asset(id="fort", party="XB", asset_class="military"),
        ),
        period=(Period(id="vote", party="XB", kind="election", first="2028-02-05", last="2028-02-20"),),
        obligation=tuple(obligations),
        track=(
            Track(id="agencies", article="8", text=TEXT, level="centre"),
            Track(id="experts", article="9", text=TEXT, level="desk", experts=True),
        ),
    )


@st.composite
def tellings(draw: st.DrawFn, accord: Accord) -> list[Told]:
    codes = [party.code for party in accord.party]
    names = draw(
        st.lists(
            st.builds(
                lambda o, d, t, k: f"{o.id}/{d}/{t}/{k}",
                st.sampled_from(accord.obligation),
                st.sampled_from(codes),
                st.sampled_from(codes),
                st.sampled_from(["m1", "m2", "0", "1", "once"]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    occurrence = st.builds(
        Occurrence,
        fact=st.just(0),
        kind=st.sampled_from(KINDS),
        by=st.sampled_from(codes),
        toward=st.sampled_from([(), *((code,) for code in codes), tuple(codes)]),
        at_s=MOMENTS,
        reference=REFERENCES,
        about=ABOUT,
        sent_at_s=st.one_of(st.none(), MOMENTS),
        act=st.sampled_from([None, "exercise", "exercise", "scan"]),
        assets=st.sampled_from([(), ("clinic",), ("fort",)]),
        obligation=st.sampled_from(["", *names]),
        track=st.sampled_from(["", "agencies", "experts"]),
        language=st.sampled_from(["fa", "ru", "en"]),
        level=st.sampled_from(["desk", "senior"]),
    )
    receipted = st.builds(
        Receipted, fact=st.just(0), reference=REFERENCES, by=st.sampled_from(codes), at_s=MOMENTS
    )
    told = draw(st.lists(st.one_of(occurrence, occurrence, receipted), max_size=14))
    for word in draw(st.lists(words_of_tracks(codes), max_size=4)):
        told.insert(draw(st.integers(0, len(told))), word)
    return [replaced(one, number) for number, one in enumerate(told)]


def words_of_tracks(codes: list[str]) -> st.SearchStrategy[Occurrence]:
    """A suspension or a resumption, of a track that may rest or of one that may not."""
    return st.builds(
        Occurrence,
        fact=st.just(0),
        kind=st.sampled_from(["suspended", "suspended", "resumed"]),
        by=st.sampled_from(codes),
        toward=st.just(()),
        at_s=MOMENTS,
        reference=REFERENCES,
        track=st.sampled_from(["agencies", "agencies", "experts", "unheard-of"]),
    )


def replaced(one: Told, number: int) -> Told:
    import msgspec

    return msgspec.structs.replace(one, fact=number)


KINDS = [
    "exercise",
    "notice",
    "notice",
    "incident",
    "clarification-request",
    "clarification-reply",
    "clarification-reply",
    "check",
    "check",
    "milestone-reached",
    "asset-touched",
    "suspended",
    "resumed",
    "waived",
    "disputed",
    "settled",
    "found-not-kept",
    "found-not-kept",
]
