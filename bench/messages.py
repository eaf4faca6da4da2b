"""
What the load says: invented SMS and mails, each with an id and words of its own.

Texts come from a pool that is made once, so that making a message costs the generator next to
nothing; senders differ, because the gateway keeps messages of one sender in order.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

POOL = 5_000
WORDS = """
jalan rusak lubang besar depan pasar sekolah jembatan lampu mati gelap malam air bersih
tidak mengalir sudah minggu sampah menumpuk bau parit banjir hujan rumah warga dusun kampung
desa kantor pelayanan antre lama petugas loket berkas hilang surat pindah akta lahir kartu
keluarga puskesmas obat habis dokter perawat anak sakit demam bantuan beras belum turun
padahal terdata pupuk mahal langka petani sawah irigasi kering guru honor gaji telat listrik
padam tiang roboh angkutan umum terminal trotoar pohon tumbang kabel putus sungai keruh
limbah pabrik asap debu truk muatan berlebih pagar taman rusak bangku perpustakaan tutup
jadwal bidan posyandu lansia
""".split()  # noqa: SIM905 (nobody reads a column of words)
SYLLABLES = "ba bo da de ga gu ja ka ke la li ma mu na ni pa ra ri sa su ta te wa yo".split()  # noqa: SIM905 (as above)

HEAD = (
    b"POST /in/sms HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded"
    b"\r\nContent-Length: %d\r\n\r\n"
)
MAIL_HEAD = """\
From: Warga <warga{number}@example.org>
To: lapor@localhost
Subject: Laporan {number}
Date: Sat, 22 Nov 2025 08:00:00 +0700
Message-ID: <{name}@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

"""


@dataclass(frozen=True, slots=True)
class Sms:
    """One complaint by SMS as a form."""

    name: bytes
    body: bytes

    @property
    def request(self) -> bytes:
        """The POST request."""
        return HEAD % len(self.body) + self.body


def sms(prefix: str) -> Iterator[Sms]:
    """Endless different SMS; ids begin with the prefix."""
    chance = random.Random(prefix)  # noqa: S311 (words, no secrets)
    pool = [_text(chance).encode() for _ in range(POOL)]
    start, number = prefix.encode(), chance.randrange(1_000_000)
    while True:
        name = b"%b-%08d" % (start, number)
        sender = b"%%2B628%02d0000%04d" % (number // 10_000 % 100, number % 10_000)
        text = b"%b+no+%d" % (pool[number % POOL], number)
        yield Sms(name, b"id=%b&from=%b&text=%b" % (name, sender, text))
        number += 1


def _text(chance: random.Random) -> str:
    """Common words and invented names between them, as many as real reports have."""
    names = ("".join(chance.choices(SYLLABLES, k=3)) for _ in range(5))
    spoken = [*chance.choices(WORDS, k=10), *names]
    chance.shuffle(spoken)
    return "+".join(spoken)


def mails(prefix: str, size: int) -> Iterator[bytes]:
    """Endless different mails of about `size` bytes, as they go over the wire after DATA."""
    chance = random.Random(prefix)  # noqa: S311 (words, no secrets)
    words = " ".join(chance.choices(WORDS, k=10))
    lines = "\n".join([words] * (size // len(words) + 1))[:size]
    body = lines.replace("\n", "\r\n").encode() + b"\r\n.\r\n"
    number = 0
    while True:
        head = MAIL_HEAD.format(number=number % 10_000, name=f"{prefix}-{number}")
        yield head.replace("\n", "\r\n").encode() + body
        number += 1
