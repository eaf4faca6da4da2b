"""
A complaint system with an API of its own invention, for what config/lapor.toml is to cope with.

Nothing here is SP4N's: names, paths and words were made up, and differ from those of the shipped
mapping, so that a test shows what the mapping can say and not what we believe.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from listening import listening

TOKEN = "kunci-uji-0001"
MAPPING = """
confirmed = true
yes = "ya"
no = "tidak"
file_field = "berkas"
folds = false

[headers]
X-Kunci = "{token}"

[categories]
method = "GET"
path = "/kategori"

[create]
path = "/aduan"
[create.fields]
"aduan/judul" = "{title}"
"aduan/isi" = "{text} [{case_code}]"
"aduan/jenis" = "{class}"
"aduan/kategori" = "{category}"
"aduan/lokasi" = "{address}"
"aduan/anonim" = "{is_anonymous}"
"aduan/rahasia" = "{is_confidential}"
"kunci_luar" = "{record_id}"

[find]
method = "GET"
path = "/aduan"
send = "query"
[find.fields]
cari = "{case_code}"

[attach]
path = "/aduan/{tracking_id}/berkas"
send = "multipart"
[attach.fields]
keterangan = "lampiran"

[comment]
path = "/aduan/{tracking_id}/tanggapan"
send = "form"
[comment.fields]
isi = "{comment}"
selesai = "{solved}"

[update]
method = "PUT"
path = "/aduan/{tracking_id}"
[update.fields]
isi = "{text}"

[poll]
method = "GET"
path = "/aduan/{tracking_id}/riwayat"

[read]
success = "/berhasil"
success_is = ["true"]
error = "/pesan"
tracking_id = "/data/nomor"
categories = "/data"
category_id = "/kode"
category_name = "/nama"
found = "/data/hasil"
found_id = "/nomor"
found_text = "/isi"
updates = "/data/riwayat"
update_id = "/urut"
update_at = "/waktu"
update_status = "/keadaan"
update_text = "/jawaban"
update_agency = "/unit"

[classes]
pengaduan = "KELUHAN"
"" = "LAIN"

[topics]
pju = "K1"
"" = "K9"

[statuses]
terverifikasi = "status"
tuntas = "closed"
"""


class Sp4n:
    """What it holds, and how it behaves."""

    def __init__(self) -> None:
        self.url = ""
        self.folds = False
        self.reports: dict[str, dict[str, Any]] = {}
        self.files: list[tuple[str, str, str, bytes]] = []
        self.comments: list[dict[str, str]] = []
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[str] = []
        #: Answers given before anything else: a status and a body, or "lost".
        self.answers: list[tuple[int, str] | str] = []
        self.logins = 0
        self.session = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One question."""
        self.asked.append(f"{request.method} {request.path_qs}")
        if request.path == "/v9/masuk":
            self.logins += 1
            self.session = f"sesi-{self.logins}"
            return _json({"berhasil": True, "sesi": self.session})
        planned = self.answers.pop(0) if self.answers else None
        if isinstance(planned, tuple):
            return web.Response(status=planned[0], text=planned[1])
        if request.headers.get("X-Kunci") not in {TOKEN, self.session or TOKEN}:
            return _json({"berhasil": False, "pesan": "kunci salah"}, 401)
        response = await self._of(request)
        if planned == "lost":
            assert request.transport
            request.transport.close()
        return response

    async def _of(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/v9").strip("/").split("/")
        if path == ["kategori"]:
            rows = [{"kode": "K1", "nama": "Lampu"}, {"kode": "K9", "nama": "Lainnya"}]
            return _yes(rows)
        if path == ["aduan"] and request.method == "POST":
            return self._new(json.loads(await request.read()))
        if path == ["aduan"]:
            wanted = request.query["cari"]
            found = [
                {"nomor": number, "isi": report["aduan"]["isi"]}
                for number, report in self.reports.items()
                if wanted in report["aduan"]["isi"]
            ]
            return _yes({"hasil": found})
        return await self._about(path[1], path[2:], request)

    async def _about(self, number: str, what: list[str], request: web.Request) -> web.Response:
        if number not in self.reports:
            return _json({"berhasil": False, "pesan": "tidak ada"}, 404)
        if what == ["berkas"]:
            form = await request.post()
            file = form["berkas"]
            assert isinstance(file, web.FileField)
            content = file.file.read()
            self.files.append((number, file.filename, str(form["keterangan"]), content))
        elif what == ["tanggapan"]:
            form = await request.post()
            self.comments.append({str(name): str(value) for name, value in form.items()})
        elif what == ["riwayat"]:
            return _yes({"riwayat": self.history.get(number, [])})
        else:
            self.reports[number]["aduan"]["isi"] = json.loads(await request.read())["isi"]
        return _yes({})

    def _new(self, report: dict[str, Any]) -> web.Response:
        for number, known in self.reports.items():
            if self.folds and known["kunci_luar"] == report["kunci_luar"]:
                return _yes({"nomor": number})
        number = str(70001 + 5 * len(self.reports))
        self.reports[number] = report
        self.history[number] = [
            {"urut": 1, "keadaan": "Terverifikasi", "waktu": "2026-01-04 09:00"}
        ]
        return _yes({"nomor": int(number)})


def _yes(data: object) -> web.Response:
    return _json({"berhasil": True, "data": data})


def _json(content: object, status: int = 200) -> web.Response:
    return web.json_response(content, status=status)


@asynccontextmanager
async def sp4n() -> AsyncIterator[Sp4n]:
    """The server, listening."""
    served = Sp4n()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", served.answer)
    async with listening(web.AppRunner(app, access_log=None)) as url:
        served.url = f"{url}/v9"
        yield served
