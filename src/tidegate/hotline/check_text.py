"""The text that communication checks carry: every letter of six languages, for people to see on screens.

The bytes are signed and cannot come changed; what a terminal, a font or a printer makes of them can.
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
