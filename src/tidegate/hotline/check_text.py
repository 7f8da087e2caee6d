"""The text that communication checks carry: every letter of six languages, to see that none is lost.

A check that comes with other lines than these went through something that changes texts. The lines never
change; a later version adds some.
"""

from types import MappingProxyType

from tidegate.model.labels import Language

CHECK_LINES: MappingProxyType[Language, str] = MappingProxyType(
    {
        "en": "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789",
        "ru": "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ абвгдеёжзийклмнопрстуфхцчшщъыьэюя №",
        "fa": "ا آ ب پ ت ث ج چ ح خ د ذ ر ز ژ س ش ص ض ط ظ ع غ ف ق ک گ ل م ن و ه ی ء أ ؤ ئ می‌شود ۰۱۲۳۴۵۶۷۸۹",
        "ar": "ا أ إ آ ب ت ث ج ح خ د ذ ر ز س ش ص ض ط ظ ع غ ف ق ك ل م ن ه و ي ى ة ء ؤ ئ لا ٠١٢٣٤٥٦٧٨٩",
        "tr": "ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ abcçdefgğhıijklmnoöprsştuüvyz",
        "az": "ABCÇDEƏFGĞHXIİJKQLMNOÖPRSŞTUÜVYZ abcçdeəfgğhxıijkqlmnoöprsştuüvyz",
    }
)
"""By language, in their order."""

CHECK_TEXT = "\n".join(CHECK_LINES.values())
"""The remarks of a communication check."""


def damaged_lines(remarks: str) -> tuple[Language, ...]:
    """The languages whose line is not among these remarks as it was sent."""
    came = set(remarks.split("\n"))
    return tuple(language for language, line in CHECK_LINES.items() if line not in came)
