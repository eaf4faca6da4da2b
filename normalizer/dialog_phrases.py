"""
Whole messages that are no complaint: greetings, tests, thanks, one-word answers.

Each of these patterns must match the message as a whole. One word too many and it is a report: a
lost report is worse than a missed courtesy.
"""

import re

# Nothing longer is looked at: no courtesy has so many signs.
LONGEST = 60

_TO_WHOM = r"pak|bapak|bu|ibu|kak|kakak|mas|mbak|bang|gan|min|admin|lapor|semua|semuanya|sir|there"
_HELLO = (
    r"p+|pp|tes+t?|testing|hal+o+w?|hai+|hi+|hello|hey+|ping|cek|coba|permisi|misi|punten|"
    r"kulo\s?nuwun|sampurasun|selamat|met|pagi|siang|sore|malam|good|morning|evening|afternoon|"
    r"as+ala+mu['\u2019\u2018]?\s?ala[iy]k+u+m|salam|wr|wb|warahmatullahi|wabarakatuh|yth|dear"
)
_THANKS = (
    r"terima\s?kasih|trima\s?kasih|terimakasih|trims?|makasi+h?|mks+h|mksh|tks|thx|thanks?|"
    r"thank\s?(?:you|u)|ty|matur\s?(?:nuwun|suwun)|hatur\s?nuhun|nuhun|suwun|ok+|oke+y?|okay|okey|"
    r"baik|siap+|sip+|mantap|sama[\s-]sama|amin|aamiin|noted|good|great"
)
_MORE = r"banyak|sekali|ya+|yah|deh|dong|nya|atas|bantuan|bantuannya|infonya|very|much|so|lah|kasih"
_GAP = r"[\s,.!?;:/~-]*"

# "Belum selesai Pak" says no more than "belum selesai".
TO_WHOM = frozenset((*_TO_WHOM.split("|"), "ya", "yah", "kok", "juga", "nih", "dong"))
HELLO = re.compile(rf"(?:(?:{_HELLO})\b{_GAP}(?:(?:{_TO_WHOM})\b{_GAP})*)+", re.IGNORECASE)
THANKS = re.compile(
    rf"(?:(?:{_THANKS})\b{_GAP}(?:(?:{_TO_WHOM}|{_MORE})\b{_GAP})*)+", re.IGNORECASE
)

# What somebody sends who is pleased, or has simply read our answer.
_PLEASED = "👍👌🙏👏🤝🙂😊😀😁😃😄😍🥰💯💪✅🎉❤♥☺🫡😇✌"
_DECORATION = "\ufe0f\u200d🏻🏼🏽🏾🏿"
# Somebody who sends only these may be in danger.
_ALARM = "🆘🚨🔥🚒🚑🌊"

HELP = frozenset(
    {"bantuan", "help", "info", "informasi", "panduan", "petunjuk", "menu"}
    # A keyword with nothing behind it ("LAPOR") gets help as well: there is no complaint in it.
    | {"lapor", "aduan", "pengaduan", "lokasi"}
)
STOP = frozenset(
    {"berhenti", "stop", "henti", "unsubscribe", "berhenti kabar", "stop kabar", "stop notifikasi"}
    | {"berhenti berlangganan", "berhenti notifikasi", "stop news"}
)
START = frozenset({"mulai", "start", "mulai lagi", "mulai kabar"})
SOLVED = frozenset(
    {"selesai", "sudah selesai", "sdh selesai", "udah selesai", "sudah beres", "beres", "tuntas"}
    | {"sudah", "sudah diperbaiki", "sudah dikerjakan", "done", "solved", "resolved", "fixed"}
)
UNSOLVED = frozenset(
    {"belum", "belum selesai", "blm", "blm selesai", "belum beres", "belum tuntas", "belum ada"}
    | {"belum diperbaiki", "belum dikerjakan", "not yet", "not solved", "unsolved", "not done"}
    | {"not fixed"}
)
YES = frozenset({"ya", "iya", "y", "yes", "benar", "betul", "setuju", "lanjut"})
NO = frozenset({"tidak", "tdk", "tak", "no", "n", "nggak", "enggak", "gak", "ga", "jangan"})
SEND = frozenset({"kirim", "send", "kirim sekarang", "kirim laporan"})
DO_NOT_KNOW = re.compile(
    r"(?:saya\s+|sy\s+)?(?:(?:tidak|tdk|gak?|nggak|enggak|kurang)\s+(?:tahu|tau|ingat|yakin)"
    r"|lupa|entah)|(?:i\s+)?don'?t\s+know",
    re.IGNORECASE,
)


def is_signs_only(text: str) -> bool:
    """Whether a text holds something, but no letter and no digit: emoji, mostly."""
    return bool(text) and not any(map(str.isalnum, text))


def is_pleased(text: str) -> bool:
    """Whether a text of signs is nothing but nods and smiles."""
    shown = [sign for sign in text if not sign.isspace() and sign not in _DECORATION]
    return bool(shown) and all(sign in _PLEASED for sign in shown)


def is_alarm(text: str) -> bool:
    """Whether a text of signs cries for help."""
    return is_signs_only(text) and any(sign in _ALARM for sign in text)
