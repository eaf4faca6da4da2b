"""
Whether a text says where it is, and whether it answers the question "where?".

The first version, by simple words of addresses; finding the place itself is the gazetteer's work.
A text too many taken for a place is one question not asked; one taken for an answer that was a
complaint would hide it in another report, so whatever complains is never an answer.
"""

import re
from itertools import pairwise

from normalizer.dialog_phrases import DO_NOT_KNOW
from normalizer.rules import Rules
from normalizer.text import words

# What a road is in a complaint, where it is not its name.
_NO_NAME = "|".join(
    words("""
    rusak berlubang lubang ini itu yang sudah masih parah hancur macet banjir becek licin gelap dan
    di ke dari untuk umum aspal tanah desa kampung raya kami kita saya warga penuh tidak belum
    bolong amblas ambles retak longsor putus buntu sepi rawan berdebu menuju penghubung utama
    nasional provinsi kabupaten kota lingkungan poros setapak keluar kaki pagi terus nya mati padam
    menyala tersebut lagi sejak sampai karena akibat oleh saja pak bu""")
)
_STREET = rf"(?<!lampu )(?:jalan|jl|jln|gang|gg)\.?\s+(?!(?:{_NO_NAME})\b)\w"
_AREA = (
    r"(?:desa|ds|dusun|dsn|kampung|kp|kelurahan|kel|kecamatan|kec|kabupaten|kab|kota|provinsi|prov|"
    r"perumahan|perum|komplek|kompleks|blok|lingkungan|nagari|banjar|kompl|cluster|village|district)"
    r"\.?\s+(?!(?:kami|kita|saya|ini|itu|yang|tidak|sudah|rusak|masih|dan|di|warga)\b)\w"
)
_BESIDE = (
    r"(?:depan|dekat|samping|belakang|seberang|sebelah|sekitar|perempatan|pertigaan|simpang|"
    r"persimpangan|bundaran|near|next\s+to|in\s+front\s+of|behind|opposite)"
    r"\s+(?!(?:rumah\s+(?:saya|kami|warga)|saya|kami|mata|umum)\b)\w"
)
_NUMBERED = r"(?:rt|rw|km|blok|no)\.?\s*\d"
_COORDINATES = r"-?\d{1,2}\.\d{3,}\s*,\s*\d{2,3}\.\d{3,}"
# Without IGNORECASE, which costs ten times as much: it gets small letters.
_TELLS = re.compile(rf"\b(?:{_STREET}|{_AREA}|{_BESIDE}|{_NUMBERED}|maps\.)")
_IN = frozenset({"di", "ke", "dari", "at", "in"})
_BUILDING = (
    r"puskesmas|pasar|sd|sdn|smp|smpn|sma|sman|smk|masjid|mushola|gereja|pura|terminal|stasiun|"
    r"kantor|rsud|rs|jembatan|taman|lapangan|alun|halte|pelabuhan|polsek|balai|kelurahan|sungai|kali|pantai"
)
_BEGINS = re.compile(
    rf"(?:(?:lokasi(?:nya)?|tempat(?:nya)?|alamat(?:nya)?|di|ada\s+di|at|in|on)\b[\s:]*)*"
    rf"(?:{_STREET}|{_AREA}|{_BESIDE}|{_NUMBERED}|{_COORDINATES}|(?:{_BUILDING})\b)",
    re.IGNORECASE,
)
_LOCATES = re.compile(
    r"(?:lokasi(?:nya)?|tempat(?:nya)?|alamat(?:nya)?|di|ada\s+di)\b", re.IGNORECASE
)
# Words of talk, none of which stands in the name of a place.
_TALK = frozenset(
    words("""
    tolong mohon segera kapan kenapa mengapa bagaimana apa apakah siapa terima kasih saya kami pak
    bu kok dong sudah belum masih lagi tidak gak mau bisa cepat please when why how thank""")
)
_LONGEST = 120
_MOST_WORDS = 15
_FEW_WORDS = 6
# Weights in taxonomy.toml: `words` 2, `sure` 4.
_COMPLAINS = 2.0
_SURE = 4.0


def tells_place(text: str) -> bool:
    """Whether the words say where it is, well enough not to ask."""
    typed = text.split()
    # "di Flamboyan": a name, unless the text writes everything large.
    for word, following in pairwise(typed):
        if following[0].isupper() and following[1:2].islower() and word.lower() in _IN:
            return True
    return _TELLS.search(text.lower()) is not None


def complains(text: str, rules: Rules) -> bool:
    """Whether something is wrong, asked or wished for in these words."""
    spoken = words(text)
    types = rules.taxonomy.types.scores(spoken)
    if any(s.weight >= _COMPLAINS and s.label != "bukan_laporan" for s in types):
        return True
    return bool(rules.taxonomy.urgency.phrases.scores(spoken))


def answers_where(text: str, rules: Rules) -> bool:
    """Whether the words can be the answer to "where?" and nothing else."""
    spoken = text.split()
    if len(text) > _LONGEST or len(spoken) > _MOST_WORDS or complains(text, rules):
        return False
    if _BEGINS.match(text):
        return True
    about = rules.taxonomy.topics.scores(words(text))
    if any(score.weight >= _SURE for score in about) and not _LOCATES.match(text):
        return False
    if tells_place(text):
        return True
    return len(spoken) <= _FEW_WORDS and _TALK.isdisjoint(words(text))


def does_not_know(text: str) -> bool:
    """Whether the answer is that there is none: "tidak tahu"."""
    return DO_NOT_KNOW.fullmatch(text.strip(" .!")) is not None


def is_brief(text: str) -> bool:
    """Few words: a remark on what was said before rather than a report of its own."""
    return len(text) <= _LONGEST and len(text.split()) <= _FEW_WORDS
