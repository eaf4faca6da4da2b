"""
The commands a citizen can type or press, on every channel: `command_of`.

Any case, Indonesian or English, with or without a slash and punctuation. A plain text is a complete
report, so a command is only what leaves no doubt: "Status tanah sengketa" and "Tambah lampu di
jalan kami" are reports. Whether a code belongs to whoever names it is not decided here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from channels.contract import InboundMessage
from normalizer import dialog_phrases as phrases
from normalizer.codes import find_case_code, read_case_code
from normalizer.report import Command, CommandName

_EDGES = " \t\r\n\f\v\xa0/#!.,:;-*_~\"'`<>()[]\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
_ABOUT = r"laporan|aduan|pengaduan|kasus|tiket|kode|nomor|no|saya|kami|ini|itu|report|case|code|my"
_STATUS = re.compile(
    r"(?:(?:cek|check|lihat|tanya|lacak|track)\s+)?status(?![^\W_])"
    rf"(?:\s+(?:{_ABOUT})\b)*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HIDE = re.compile(
    r"(?:(?:tolong|mohon|minta|please)\s+)?"
    r"(?P<flags>(?:(?:di)?(?:anonim|rahasia)(?:kan)?|anonymous|anonymously|confidential)"
    r"(?:(?:\s+(?:dan|and)\s+|[\s,&+/]+)(?:anonim|rahasia|anonymous|confidential))?)\b"
    rf"(?P<about>(?:\s+(?:{_ABOUT}|identitas|nama|data|diri|dong|ya|pak|bu)\b)*)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_WITHDRAW = re.compile(
    r"(?:batal|batalkan|cancel|(?:hapus|delete)(?=\s+(?:laporan|aduan|pengaduan|report|\S*\d)))\b"
    rf"(?:\s+(?:{_ABOUT})\b)*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_ERASE = re.compile(
    r"(?P<before>(?:ya|yes)\b[\s,]*)?(?:hapus|hapuskan|erase|delete)\b"
    r"(?:\s+(?:semua|seluruh|data|akun|identitas|nama|nomor|diri|pribadi|saya|kami|all|my|me|account"
    r"|personal)\b)*[\s,.:!-]*(?P<after>(?:ya|yes)\b[\s.!]*)?",
    re.IGNORECASE,
)
_ADD = re.compile(
    r"(?P<word>tambah|tambahan|tambahkan|add)\b(?P<mark>\s*[:=\u2013\u2014-])?"
    rf"(?:\s+(?:{_ABOUT}|ke|pada|untuk|to)\b)*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_VERDICT = re.compile(
    r"(?:(?P<yes>(?:sudah\s+)?selesai|solved)|(?:belum|blm)(?:\s+selesai)?|unsolved)\b"
    rf"(?:\s+(?:{_ABOUT})\b)*(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_CHOICE = re.compile(r"(?:(?:nomor|no|pilih|pilihan|angka|option)\s*)?([1-9])", re.IGNORECASE)
# What somebody types who means a code: one word of about the right length with a digit in it.
_ATTEMPT = re.compile(r"(?=\S*\d)[0-9A-Za-z-]{6,14}")
_MOST_WORDS = 8
_MOST_PIECES = 3


def command_of(message: InboundMessage) -> Command | None:
    """The command a message is, or None: then it is a report or belongs to one."""
    said = message.text if message.matter is None else message.matter
    said = said.strip() or message.title.strip()
    core = said.strip(_EDGES + "?")
    if has_things(message):
        return _add(said, core) if core[:3].lower() in {"tam", "add"} else None
    if not core:
        return Command(name="help")
    first = _FIRST.match(core)
    read = _VERBS.get(first.group().lower()) if first else None
    if read and (command := read(said, core)):
        return command
    if len(core) > phrases.LONGEST:
        return None
    return _short(said, core)


def has_things(message: InboundMessage) -> bool:
    """Whether a message brings more than words: files, a place, or word of a file too large."""
    if message.attachments or message.remote or message.point:
        return True
    return any(remark.startswith("file not fetched") for remark in message.remarks)


def words_of(message: InboundMessage) -> str:
    """What a message says, with nothing around it; "" where it says nothing."""
    said = message.text if message.matter is None else message.matter
    return said.strip() or message.title.strip()


# --- by the first word ------------------------------------------------------------------------


def _status(_: str, core: str) -> Command | None:
    found = _STATUS.fullmatch(core)
    if not found:
        return None
    rest = found["rest"].strip(_EDGES + "=?")
    code = read_case_code(rest)
    if not rest or code:
        return Command(name="status", case_code=code)
    code = find_case_code(rest)
    if code and len(rest.split()) <= _MOST_WORDS:
        return Command(name="status", case_code=code)
    return Command(name="status", given=rest) if _ATTEMPT.fullmatch(rest) else None


def _hide(_: str, core: str) -> Command | None:
    found = _HIDE.fullmatch(core)
    code, given, rest = _named(found["rest"]) if found else ("", "", "?")
    if not found or rest:
        return None
    flags, about = found["flags"].lower(), found["about"].lower()
    # "Rahasiakan nama saya" is about who reports, not about what is reported.
    who = any(word in about for word in ("identitas", "nama", "diri", "nomor saya"))
    confidential = not who and ("rahasia" in flags or "confidential" in flags)
    return Command(
        name="hide",
        case_code=code,
        given=given,
        anonymous="anon" in flags or who,
        confidential=confidential,
    )


def _withdraw(_: str, core: str) -> Command | None:
    found = _WITHDRAW.fullmatch(core)
    if not found:
        return None
    code, given, rest = _named(found["rest"])
    # A reason may follow a code, or a comma: "Batal, sudah beres". "Batal haji" is a complaint.
    brief = len(rest.split()) <= _MOST_WORDS and (code or found["rest"].lstrip(" ")[:1] in ",.;:-")
    if rest and not brief:
        return None
    return Command(name="withdraw", case_code=code, given=given, text=rest)


def _erase(said: str, core: str) -> Command | None:
    found = _ERASE.fullmatch(core)
    if found:
        return Command(name="erase", sure=bool(found["before"] or found["after"]))
    return _withdraw(said, core)


def _yes(said: str, core: str) -> Command | None:
    return _erase(said, core) if _ERASE.fullmatch(core) else None


def _add(said: str, core: str) -> Command | None:
    found = _ADD.match(core)
    if not found:
        return None
    code, given, rest = _named(found["rest"])
    if given.isdigit():  # an amount or a telephone number
        given, rest = "", found["rest"].strip(_EDGES)
    # Without a code only the word as we taught it: "Tambah lampu di jalan kami" is a wish.
    taught = found["word"].isupper() and not found["rest"].isupper()
    if not (code or given or found["mark"] or taught or said.startswith("/") or not rest):
        return None
    # The text as it was typed, with its last full stop.
    text = said[said.rfind(rest) :] if rest else ""
    return Command(name="add", case_code=code, given=given, text=text)


def _verdict(_: str, core: str) -> Command | None:
    """With a code; alone it is one of the short ones, and without one it may be a report."""
    found = _VERDICT.fullmatch(core)
    code, _given, rest = _named(found["rest"]) if found else ("", "", "")
    if not found or not code:
        return None
    return Command(name="solved" if found["yes"] else "unsolved", case_code=code, text=rest)


def _named(rest: str) -> tuple[str, str, str]:
    """The code at the beginning of a text, what was typed in its place, and what follows."""
    pieces = rest.strip(_EDGES + "=?").split(maxsplit=_MOST_PIECES)
    for count in range(min(len(pieces), _MOST_PIECES), 0, -1):
        typed = "".join(pieces[:count]).strip(_EDGES + "=?")
        code = read_case_code(typed) if any(map(str.isdigit, typed)) else ""
        if code:
            return code, "", _after(rest, pieces[count - 1])
    if pieces and _ATTEMPT.fullmatch(typed := pieces[0].strip(_EDGES + "=?")):
        return "", typed, _after(rest, pieces[0])
    return "", "", rest.strip(_EDGES + "=?")


def _after(rest: str, piece: str) -> str:
    return rest[rest.index(piece) + len(piece) :].strip(_EDGES + "=?")


# --- as a whole -------------------------------------------------------------------------------


def _short(said: str, core: str) -> Command | None:
    """What a message of a few words is when it is no report."""
    spoken = core.lower().split()
    while len(spoken) > 1 and spoken[-1] in phrases.TO_WHOM:
        spoken.pop()
    name = _WHOLE.get(" ".join(spoken).rstrip(_EDGES))
    if name:
        return Command(name=name)
    chosen = _CHOICE.fullmatch(core)
    if chosen:
        return Command(name="choice", number=int(chosen[1]))
    if phrases.HELLO.fullmatch(core):
        return Command(name="hello")
    if phrases.THANKS.fullmatch(core) or (not said.isascii() and phrases.is_pleased(said)):
        return Command(name="thanks")
    # A code alone asks for its status; a lone word in capitals is no code.
    code = find_case_code(core) if len(core.split()) == 1 else ""
    return Command(name="status", case_code=code) if code else None


_FIRST = re.compile(r"[^\W\d_]+")
_READERS: Sequence[tuple[str, Callable[[str, str], Command | None]]] = (
    ("status cek check lihat tanya lacak track", _status),
    ("tolong mohon minta please anonim anonimkan rahasia rahasiakan dirahasiakan", _hide),
    ("anonymous anonymously confidential", _hide),
    ("batal batalkan cancel", _withdraw),
    ("hapus hapuskan erase delete", _erase),
    ("ya yes", _yes),
    ("tambah tambahan tambahkan add", _add),
    ("selesai sudah solved belum blm unsolved", _verdict),
)
_KNOWN: Sequence[tuple[CommandName, frozenset[str]]] = (
    ("help", phrases.HELP),
    ("solved", phrases.SOLVED),
    ("unsolved", phrases.UNSOLVED),
    ("stop", phrases.STOP),
    ("start", phrases.START),
    ("yes", phrases.YES),
    ("no", phrases.NO),
    ("send", phrases.SEND),
)
_WHOLE = MappingProxyType({phrase: name for name, known in _KNOWN for phrase in known})
_VERBS: Mapping[str, Callable[[str, str], Command | None]] = MappingProxyType(
    {verb: read for verbs, read in _READERS for verb in verbs.split()}
)
