"""What each endpoint answers: a function for every row of the table."""

from tidegate.console.accord_answers import ACCORD_ANSWERS
from tidegate.console.answering import Answers
from tidegate.console.entering_answers import ENTERING_ANSWERS
from tidegate.console.hotline_answers import HOTLINE_ANSWERS
from tidegate.console.shield_answers import SHIELD_ANSWERS
from tidegate.console.study_answers import STUDY_ANSWERS

ANSWERS: Answers = {
    **ENTERING_ANSWERS,
    **SHIELD_ANSWERS,
    **ACCORD_ANSWERS,
    **HOTLINE_ANSWERS,
    **STUDY_ANSWERS,
}
"""By name of the endpoint; `live` is a stream, and the server's own."""
