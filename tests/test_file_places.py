"""Where attachments lie: a folder, a share, a bucket; each keeps, gives and forgets alike."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
import s3_server
from gateway_process import Gateway
from s3_server import S3Server

from channels.contract import Attachment, Secret
from gateway.bucket import Bucket, BucketAway
from gateway.build_centrals import kept_file
from gateway.errors import SettingsError
from gateway.file_places import Place, place_of, try_out
from gateway.files import Files
from gateway.files_options import S3, Attachments
from gateway.settings import read_settings

CONTENT = b"%PDF-1.7 surat warga " + bytes(range(256)) * 100
LARGE = bytes(range(256)) * 80_000  # 20 MB: three parts


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server with a bucket."""
    with s3_server.running(tmp_path_factory.mktemp("s3")) as server:
        yield server


def in_bucket(server: S3Server, prefix: str = "", **changed: str) -> Attachments:
    """Settings that keep files there."""
    given = {"access_key": server.access_key, "secret_key": server.secret_key} | changed
    options = S3(
        endpoint=given.get("endpoint", server.url),
        access_key=Secret(given["access_key"]),
        secret_key=Secret(given["secret_key"]),
        timeout=5.0,
    )
    return Attachments(place=f"s3://{s3_server.BUCKET}{prefix}", s3=options)


@pytest.fixture(params=["own folder", "shared folder", "bucket"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> Attachments:
    """Settings of each kind."""
    if request.param == "bucket":
        return in_bucket(request.getfixturevalue("s3"), f"/{tmp_path.name}")
    return Attachments(place=str(tmp_path / "share") if request.param == "shared folder" else "")


@pytest.fixture
def place(options: Attachments, tmp_path: Path) -> Place:
    """An empty place."""
    return place_of(options, tmp_path / "attachments")


def put(place: Place, content: bytes) -> str:
    """Keep it in pieces; returns its name."""
    name = hashlib.sha256(content).hexdigest()
    pieces = (content[at : at + 100_000] for at in range(0, len(content), 100_000))
    place.put(name, pieces, len(content))
    return name


@pytest.mark.parametrize("content", [b"", CONTENT, LARGE], ids=["empty", "small", "large"])
def test_what_is_put_is_given(place: Place, content: bytes) -> None:
    """Byte for byte, as a real file that can be mapped; also when it is put twice."""
    name = put(place, content)
    assert put(place, content) == name

    with place.open(name) as file:
        assert os.fstat(file.fileno()).st_size == len(content)
        assert file.read() == content


def test_what_is_dropped_is_gone(place: Place) -> None:
    """And dropping it again, or what never was, is harmless."""
    name = put(place, CONTENT)
    for _ in range(2):
        place.drop(name)

    with pytest.raises(FileNotFoundError):
        place.open(name)


def test_a_place_can_be_tried_out(place: Place, tmp_path: Path) -> None:
    """It leaves nothing behind."""
    try_out(place)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_two_gateways_see_each_others_files(options: Attachments, tmp_path: Path) -> None:
    """With a share or a bucket; without, each has its own."""
    here, there = (Files(tmp_path / name, options) for name in ("here", "there"))
    (kept,) = here.keep([Attachment(name="surat.pdf", media_type="", content=CONTENT)])

    if not options.place:
        with pytest.raises(FileNotFoundError):
            there.open(kept.sha256)
        return
    with there.open(kept.sha256) as file:
        assert file.read() == CONTENT
    there.drop([kept.sha256])
    with pytest.raises(FileNotFoundError):
        here.open(kept.sha256)


# --- a bucket in bad weather ---------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_a_wrong_key_is_refused(s3: S3Server, tmp_path: Path, wrong: str) -> None:
    """And the error tells neither the key nor the address."""
    bucket = place_of(in_bucket(s3, **{wrong: "NOT-THE-KEY"}), tmp_path)

    with pytest.raises(BucketAway) as refused:
        put(bucket, CONTENT)

    assert "NOT-THE-KEY" not in str(refused.value)
    assert s3.url not in str(refused.value)


def test_a_store_that_is_away_is_an_oserror(s3: S3Server, tmp_path: Path) -> None:
    """For whatever is asked of it, so the pipeline waits; a file is not taken for gone."""
    bucket = place_of(in_bucket(s3, endpoint="http://127.0.0.1:9"), tmp_path)
    name = hashlib.sha256(CONTENT).hexdigest()

    for ask in (lambda: put(bucket, CONTENT), lambda: bucket.open(name), lambda: bucket.drop(name)):
        with pytest.raises(BucketAway):
            ask()


def test_a_file_that_is_not_what_its_name_says_is_not_given(s3: S3Server, tmp_path: Path) -> None:
    """Whoever can write into the bucket cannot put words into a citizen's mouth."""
    bucket = place_of(in_bucket(s3, "/changed"), tmp_path)
    name = put(bucket, CONTENT)
    assert isinstance(bucket, Bucket)
    obstore.put(bucket._store, f"{name[:2]}/{name}", CONTENT + b"!")  # noqa: SLF001 (as a thief)

    with pytest.raises(BucketAway, match="not what its name says"):
        bucket.open(name)


def test_away_and_gone_are_told_apart(s3: S3Server, tmp_path: Path) -> None:
    """A central store is not told that there is no file because the bucket is away."""
    name = hashlib.sha256(b"never there").hexdigest()
    settings = read_settings(None, tmp_path, {})
    there, away = in_bucket(s3), in_bucket(s3, endpoint="http://127.0.0.1:9")

    assert kept_file(replace(settings, attachments=there), name) is None
    with pytest.raises(BucketAway):
        kept_file(replace(settings, attachments=away), name)


# --- settings ------------------------------------------------------------------------------------

KEYS = '[attachments.s3]\naccess_key = "s3_access_key"\nsecret_key = "s3_secret_key"\n'
SECRETS = {"LAPOR_S3_ACCESS_KEY": "AKIA", "LAPOR_S3_SECRET_KEY": "hidden"}


def read(folder: Path, toml: str) -> Attachments:
    """Section [attachments] of such a gateway.toml."""
    (folder / "gateway.toml").write_text(toml)
    return read_settings(folder, folder, SECRETS).attachments


@pytest.mark.parametrize(
    "place", ["/srv/lapor", "s3://lapor-files", "s3://lapor.go.id/2026/files", ""]
)
def test_a_place_is_a_folder_or_a_bucket(tmp_path: Path, place: str) -> None:
    """With the values of the secrets."""
    options = read(tmp_path, f'[attachments]\nplace = "{place}"\n{KEYS}')

    assert options.place == place
    assert options.s3.access_key
    assert options.s3.access_key.value == "AKIA"
    assert repr(options.s3.secret_key) == "<secret>"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ('[attachments]\nplace = "files"\n', "attachments.place: expected /an/absolute/folder or"),
        ('[attachments]\nplace = "s3://"\n', "attachments.place: no bucket is called so"),
        ('[attachments]\nplace = "s3://A b/c"\n', "attachments.place: no bucket is called so"),
        ('[attachments]\nplace = "s3://lapor/../x/"\n', "attachments.place: no bucket is called"),
        ('[attachments]\nplace = "s3://lapor"\n', "attachments.place: a bucket needs access_key"),
        (KEYS + 'endpoint = "store:9000"\n', "attachments.s3.endpoint: expected https://"),
        (KEYS + 'endpoint = "http://store"\n', "attachments.s3.endpoint: what citizens send must"),
        (KEYS + 'bucket = "lapor"\n', "attachments.s3.bucket: is not a setting; there are access"),
    ],
)
def test_what_cannot_be_a_place_is_refused(tmp_path: Path, toml: str, sentence: str) -> None:
    """In one sentence that names file and key."""
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, toml)

    assert str(refused.value).startswith(f"{tmp_path / 'gateway.toml'}: {sentence}")


# --- the doctor and the backup -------------------------------------------------------------------


@pytest.mark.usefixtures("on_both_engines")
async def test_the_doctor_tries_the_place(gateway: Gateway, s3: S3Server, tmp_path: Path) -> None:
    """A folder that cannot be is found before a citizen finds it."""
    told = {}
    (tmp_path / "file").touch()
    places: dict[str, dict[str, object]] = {
        "bucket": s3.settings(),
        "no folder": {"place": str(tmp_path / "file" / "below")},
    }
    gateway.env |= s3.env
    for name, settings in places.items():
        gateway.settings = {"attachments": settings}
        gateway._write_settings()  # noqa: SLF001 (what `start` does first)
        told[name] = (await gateway.command("check")).stdout.splitlines()

    lines = {
        name: next(line for line in lines if "attachments" in line) for name, lines in told.items()
    }
    assert "ok" in lines["bucket"]
    assert "wrong" in lines["no folder"]


@pytest.mark.usefixtures("on_both_engines")
async def test_a_backup_says_where_the_files_are(gateway: Gateway, tmp_path: Path) -> None:
    """Elsewhere they are not in it."""
    gateway.settings = {"attachments": {"place": str(tmp_path / "share")}}
    async with gateway:
        done = await gateway.command("backup", str(tmp_path / "backup.tar"))

    assert done.returncode == 0
    assert f"attachments lie in {tmp_path / 'share'}: back them up there" in done.stdout
