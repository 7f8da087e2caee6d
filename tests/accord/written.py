"""A small accord as people write it, for tests that read files."""

WRITTEN = """
format = 1
id = "XA-XB-2028"
version = 1
title = { fa = "موافقت‌نامه", ru = "Соглашение" }

[force]
enters = "signature"
term = "5y"
renewal = "5y"
notice = "6mo"
depositary = "XA"

[languages]
authentic = ["fa", "ru"]

[[party]]
code = "XA"
name = { fa = "الف", ru = "Первая" }
authorities = [{ level = "desk", name = "XA-CERT" }, { level = "senior", name = "Ministry" }]
weekend = ["thu", "fri"]

[[party]]
code = "XB"
name = { fa = "ب", ru = "Вторая" }
authorities = [{ level = "desk", name = "XB-CERT" }, { level = "senior", name = "Council" }]

[[definition]]
term = "exercise"
text = { fa = "رزمایش", ru = "Учение" }
closed = ["table-top", "live"]

[[asset]]
id = "XB-clinics"
party = "XB"
asset-class = "hospital"
prefixes = ["192.0.2.0/25"]
domains = ["clinic.example"]

[[period]]
id = "XB-vote"
party = "XB"
kind = "election"
first = "2028-03-01"
last = "2028-03-14"

[[obligation]]
id = "notice-of-exercise"
article = "4.1"
text = { fa = "آگهی", ru = "Уведомление" }
clock = { kind = "before", act = "exercise", at-least = "72h", target = "120h" }
evidence = "notice"
terms = ["exercise"]
remind = ["24h"]

[[obligation]]
id = "clarify"
article = "6.1"
text = { fa = "توضیح", ru = "Разъяснение" }
evidence = "clarification-reply"

[obligation.clock]
kind = "after"
event = "clarification-request"
obliges = "addressee"
within = "48h"
tighter = [{ period = "election", span = "12h" }]

[[obligation]]
id = "keep-off"
article = "5.1"
text = { fa = "پرهیز", ru = "Воздержание" }
clock = { kind = "never", act = "asset-touched", within = "48h" }
evidence = "clarification-reply"

[[guarantee]]
id = "no-first-strike"
article = "9"
text = { fa = "تعهد", ru = "Обязательство" }
subject = "no-first-strike"
open = true
notice = "6mo"
""".encode()


def rewritten(old: str, new: str) -> bytes:
    """The file with one thing changed, which must be there."""
    text = WRITTEN.decode()
    assert old in text
    return text.replace(old, new, 1).encode()
