"""Settings and secrets: strict, complete, and every mistake ends in one sentence."""

import base64
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from channels.registry import CHANNELS
from forwarder.central.open311_form import Share
from forwarder.routing import Only
from gateway.config_files import RULE_FILES, SHIPPED, config_files, default_config_dir
from gateway.errors import SecretError, SettingsError
from gateway.secrets import GatewayKey, Secrets, gateway_key
from gateway.sections import File
from gateway.settings import CENTRALS, Settings, read_settings

SHIPPED_TOML = SHIPPED / "gateway.toml"
HIDDEN = "correct-horse-battery"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An operator's folder."""
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


def read(config: Path | None, toml: str = "", **environment: str) -> Settings:
    if config:
        (config / "gateway.toml").write_text(toml)
    return read_settings(config, Path("/var/lib/lapor"), environment)


# --- the shipped file ---------------------------------------------------------------------------


def test_the_shipped_file_holds_the_defaults() -> None:
    """Reading it gives the very values the gateway has without any file."""
    content = tomllib.loads(SHIPPED_TOML.read_text())
    shipped = read(None)

    for name, section in content.items():
        if name not in {"central", "channels"}:
            field = next(one for one in msgspec.structs.fields(File) if one.name == name)
            assert (name, msgspec.convert(section, field.type)) == (name, field.default)
    assert shipped.channels == {
        channel.name: channel.Options() for channel in CHANNELS if channel.embedded
    }
    assert {name: section["enabled"] for name, section in content["channels"].items()} == {
        channel.name: channel.embedded for channel in CHANNELS
    }
    assert shipped.centrals["central"].options == CENTRALS[0].Options()


def test_the_shipped_file_names_every_setting() -> None:
    """A setting nobody can find does not exist: each key stands there, some commented out."""
    text = SHIPPED_TOML.read_text()
    sections = {name: _keys(kind) for name, kind in _sections()}

    missing = {
        name: sorted(key for key in keys if not _mentions(_part(text, name), key))
        for name, keys in sections.items()
    }

    assert missing == {name: [] for name in sections}


def test_the_shipped_file_names_nothing_else() -> None:
    """Comments do not advertise settings that are gone."""
    text = SHIPPED_TOML.read_text()
    kinds = [kind for _, kind in _sections()]
    fields = [one for kind in kinds for one in msgspec.structs.fields(kind)]
    kinds += [
        kind for one in fields for kind in (one.type, *get_args(one.type)) if _is_struct(kind)
    ]
    free = {key for channel in CHANNELS for key in _free_keys(channel.Options())}
    known = {key for kind in kinds for key in _keys(kind)} | free | {"enabled", "kind"}

    shown = set(re.findall(r"^#?(\w+) = ", text, flags=re.MULTILINE))

    assert shown - known == set()


def test_every_setting_has_a_comment() -> None:
    """All but the names that explain themselves are explained on their own line or above."""
    lines = SHIPPED_TOML.read_text().splitlines()
    keys = [line for line in lines if re.match(r"#?\w+ = ", line)]

    assert len([line for line in keys if "#" in line[1:]]) > len(keys) * 2 / 3


def _sections() -> list[tuple[str, Any]]:
    simple = [(one.name, one.type) for one in msgspec.structs.fields(File)][:-2]
    stores = [
        ("central.central", CENTRALS[0].Options),
        ("central.central.only", Only),
        ("central.ministry", CENTRALS[1].Options),
        ("central.database", CENTRALS[2].Options),
        ("central.city", CENTRALS[3].Options),
        ("central.city.share", Share),
        ("central.sp4n", CENTRALS[4].Options),
        ("central.lapor", CENTRALS[5].Options),
    ]
    return [
        *simple,
        *stores,
        *((f"channels.{channel.name}", channel.Options) for channel in CHANNELS),
    ]


def _is_struct(kind: Any) -> bool:  # noqa: ANN401 (any type)
    return isinstance(kind, type) and hasattr(kind, "__struct_fields__")


def _free_keys(options: msgspec.Struct) -> set[str]:
    """The keys of tables whose keys an operator chooses, such as a bot's menu."""
    values = msgspec.structs.asdict(options).values()
    return {key for value in values if isinstance(value, dict) for key in value}


def _keys(kind: Any) -> set[str]:  # noqa: ANN401 (a struct type)
    return {one.encode_name for one in msgspec.structs.fields(kind)}


def _part(text: str, section: str) -> str:
    """The lines of a section and of those below it, active or commented out."""
    parts = re.split(r"^#?\[([\w.]+)\]$", text, flags=re.MULTILINE)
    return "".join(
        f"{name.removeprefix(section + '.')} = []\n{body}"
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
        if name == section or name.startswith(section + ".")
    )


def _mentions(part: str, key: str) -> bool:
    return re.search(rf"^#?{key} = ", part, flags=re.MULTILINE) is not None


# --- reading ------------------------------------------------------------------------------------


def test_without_any_file_everything_is_as_shipped() -> None:
    """The embedded default: loopback, SQLite under the data folder, one embedded store."""
    settings = read(None)

    assert (settings.http.public, settings.http.internal) == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert settings.store_url == "sqlite:///var/lib/lapor/gateway.db"
    assert list(settings.centrals) == ["central"]
    assert settings.file == SHIPPED_TOML


def test_an_operators_file_needs_only_what_differs(config: Path) -> None:
    """The other keys of the section keep their defaults."""
    settings = read(config, "[pipeline]\nreplies_per_hour = 12\n")

    assert settings.pipeline.replies_per_hour == 12
    assert settings.pipeline.match_window_days == 90


def test_a_channel_that_is_off_asks_for_no_secret(config: Path) -> None:
    """Its section may stay as it is, with secrets that are not there any more."""
    settings = read(config, '[channels.sms]\nenabled = false\nsecrets = ["gone"]\n')

    assert "sms" not in settings.channels
    assert set(settings.channels) == {one.name for one in CHANNELS if one.embedded} - {"sms"}


def test_a_store_of_ones_own_replaces_the_embedded_one(config: Path) -> None:
    """Whoever names a central store does not want a second one beside it."""
    toml = '[central.ministry]\nkind = "http"\nurl = "https://central.example.org/records"\n'
    settings = read(config, toml)

    assert list(settings.centrals) == ["ministry"]
    assert settings.centrals["ministry"].kind.kind == "http"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (
            "[http]\npubic = 1\n",
            "http.pubic: is not a setting; there are arriving_bytes, body_bytes, internal, public",
        ),
        ("[htpp]\n", "htpp: is not a setting; there are attachments, central, channels,"),
        ("http = 1\n", "http: expected a section, got a whole number"),
        ('[http]\nbody_bytes = "9"\n', "http.body_bytes: expected a whole number, got a text in"),
        ("[http]\nbody_bytes = 0\n", "http.body_bytes: expected a whole number >= 1"),
        ('[http]\npublic = "8080"\n', "http.public: expected host:port, such as 127.0.0.1:8080"),
        ("[http]\npublic = 8080\n", "http.public: expected a text in quotes, got a whole number"),
        ('[log]\nlevel = "loud"\n', "log.level: invalid enum value 'loud'"),
        ("[outbox]\nbase = 0\n", "outbox.base: expected a number > 0.0"),
        ("[store]\ncopies = 2\n", "store.copies: only postgresql://… keeps more than one"),
        ('[store]\nurl = "mysql://db"\n', "store.url: expected sqlite:///… or postgresql://…"),
        ("[channels.fax]\n", "channels.fax: is no channel; there are "),
        ("[channels.sms]\nscret = 1\n", "channels.sms.scret: is not a setting; there are allow,"),
        ("[channels.sms]\nenabled = 1\n", "channels.sms.enabled: expected true or false"),
        ("[channels.sms.fields]\nform = 1\n", "channels.sms.fields.form: is not a setting"),
        ("[central.a]\n", "central.a.kind: expected one of "),
        ('[central.a]\nkind = "ftp"\n', "central.a.kind: expected one of "),
        ('[central.a]\nkind = ["http"]\n', "central.a.kind: expected one of "),
        ('[central."a b"]\nkind = "http"\n', "central.a b: a store's name consists of a-z, 0-9"),
        ("[http\n", "is not TOML: "),
    ],
)
def test_a_mistake_ends_in_one_sentence_with_file_and_key(
    config: Path, toml: str, sentence: str
) -> None:
    """Unknown key, wrong type, impossible value: the operator reads where and what."""
    with pytest.raises(SettingsError) as refused:
        read(config, toml)

    assert str(refused.value).startswith(f"{config / 'gateway.toml'}: {sentence}")
    assert "\n" not in str(refused.value)
    assert "`" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(config: Path) -> None:
    """A binary file is named, not quoted."""
    (config / "gateway.toml").write_bytes(b"[http]\n\xff")

    with pytest.raises(SettingsError, match="is not UTF-8 text, see byte 7"):
        read_settings(config, Path("/data"), {})


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A misspelt --config does not quietly start the embedded default."""
    with pytest.raises(SettingsError, match="there is no such folder"):
        read_settings(tmp_path / "confg", Path("/data"), {})


@pytest.mark.parametrize(
    "url", ["postgresql://lapor:geheim@db/lapor", "postgresql://lapor@db/lapor?password=geheim"]
)
def test_a_password_in_the_database_address_is_refused(config: Path, url: str) -> None:
    """Secrets do not stand in gateway.toml, and the error does not repeat them."""
    with pytest.raises(SettingsError, match=r"store\.url: a password does not belong") as refused:
        read(config, f'[store]\nurl = "{url}"\n')

    assert "geheim" not in str(refused.value)


# --- open doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("public", ["0.0.0.0:8080", "[::]:8080", "gateway.example.org:80"])
def test_an_open_channel_without_a_secret_does_not_start(config: Path, public: str) -> None:
    """Beyond loopback anybody could send complaints in anybody's name."""
    with pytest.raises(SettingsError, match=r"channels\.sms\.secrets: a secret or an allow list"):
        read(config, f'[http]\npublic = "{public}"\n')


@pytest.mark.parametrize(
    "guard", ['secrets = ["sms_secret"]', 'allow = ["192.0.2.0/24"]', "enabled = false"]
)
def test_a_guarded_channel_may_listen_anywhere(config: Path, guard: str) -> None:
    """A secret or a list of networks will do; web and mail are open to citizens by nature."""
    toml = f'[http]\npublic = "0.0.0.0:8080"\n[channels.sms]\n{guard}\n'

    settings = read(config, toml, LAPOR_SMS_SECRET=HIDDEN)

    assert settings.http.public == "0.0.0.0:8080"


# --- secrets ------------------------------------------------------------------------------------

WITH_SECRET = '[channels.sms]\nsecrets = ["sms_secret"]\n'


def shown(settings: Settings) -> list[str]:
    options: Any = settings.channels["sms"]
    return [secret.value for secret in options.secrets]


def given(tmp_path: Path, *places: str) -> Mapping[str, str]:
    """An environment that holds the secret in these places, each time the place's own name."""
    environment = {}
    if "file" in places:
        (tmp_path / "sms").write_text("file\n")
        environment["LAPOR_SMS_SECRET_FILE"] = str(tmp_path / "sms")
    if "credential" in places:
        (tmp_path / "sms_secret").write_text("credential")
        environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    if "variable" in places:
        environment["LAPOR_SMS_SECRET"] = "variable"
    return environment


@pytest.mark.parametrize(
    ("places", "first"),
    [
        (("file", "credential", "variable"), "file"),
        (("credential", "variable"), "credential"),
        (("variable",), "variable"),
    ],
)
def test_a_secret_is_looked_for_in_this_order(
    config: Path, tmp_path: Path, places: tuple[str, ...], first: str
) -> None:
    """A named file, then systemd's credential, then the environment."""
    settings = read(config, WITH_SECRET, **given(tmp_path, *places))

    assert shown(settings) == [first]


def test_a_missing_secret_ends_in_a_sentence_with_file_key_and_name(config: Path) -> None:
    """The operator reads which key asked for it and where it was looked for."""
    with pytest.raises(SettingsError) as refused:
        read(config, WITH_SECRET)

    assert str(refused.value) == (
        f"{config / 'gateway.toml'}: channels.sms.secrets[0]: the secret sms_secret is missing "
        "(looked for $LAPOR_SMS_SECRET_FILE, $CREDENTIALS_DIRECTORY/sms_secret and "
        "$LAPOR_SMS_SECRET)"
    )


@pytest.mark.parametrize("value", ["", "\n", "  \n"])
def test_an_empty_secret_is_refused(config: Path, value: str) -> None:
    """An empty secret would let everybody in."""
    with pytest.raises(SettingsError, match="the secret sms_secret is empty"):
        read(config, WITH_SECRET, LAPOR_SMS_SECRET=value)


def test_a_file_that_is_named_and_absent_is_an_error(config: Path, tmp_path: Path) -> None:
    """The next place is not tried: the operator meant this one."""
    environment = {"LAPOR_SMS_SECRET_FILE": str(tmp_path / "gone"), "LAPOR_SMS_SECRET": HIDDEN}

    with pytest.raises(SettingsError, match="sms_secret cannot be read: No such file"):
        read(config, WITH_SECRET, **environment)


@pytest.mark.parametrize("name", ["Correct-Horse", "../sms", "", "a b", "x" * 70])
def test_a_secret_written_where_its_name_belongs_is_not_repeated(config: Path, name: str) -> None:
    """It may be the secret itself: logs and terminals do not get to see it."""
    with pytest.raises(SettingsError) as refused:
        read(config, f'[channels.sms]\nsecrets = ["{name}"]\n')

    assert "channels.sms.secrets[0]: expected the name of a secret" in str(refused.value)
    assert not name or name not in str(refused.value)


def test_settings_do_not_show_secrets(config: Path) -> None:
    """However they are printed."""
    settings = read(config, WITH_SECRET, LAPOR_SMS_SECRET=HIDDEN)

    assert HIDDEN not in repr(settings) + repr(Secrets({"LAPOR_SMS_SECRET": HIDDEN}))
    assert shown(settings) == [HIDDEN]


# --- the gateway key ----------------------------------------------------------------------------

KEY = bytes(range(32))
ENCODED = base64.b64encode(KEY).decode()


def test_the_first_start_makes_a_key_only_its_owner_can_read(tmp_path: Path) -> None:
    """It is there again at the next start, and told as created once."""
    first = gateway_key(Secrets({}), tmp_path, may_create=True)
    second = gateway_key(Secrets({}), tmp_path, may_create=False)

    assert first.created == tmp_path / "gateway.key"
    assert stat.S_IMODE((tmp_path / "gateway.key").stat().st_mode) == 0o600
    assert second == GatewayKey(value=first.value, created=None)
    assert list(tmp_path.iterdir()) == [tmp_path / "gateway.key"]


def test_a_given_key_goes_before_the_file(tmp_path: Path) -> None:
    """From a credential or the environment, as every secret."""
    key = gateway_key(Secrets({"LAPOR_GATEWAY_KEY": ENCODED}), tmp_path, may_create=True)

    assert key == GatewayKey(value=KEY)
    assert list(tmp_path.iterdir()) == []


def test_no_new_key_is_made_for_an_old_database(tmp_path: Path) -> None:
    """Messages sealed with the lost key could not be opened, and nobody would notice at once."""
    with pytest.raises(SettingsError, match=r"the gateway key is missing: .*from your backup"):
        gateway_key(Secrets({}), tmp_path, may_create=False)


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    """The sentence says how to mend it."""
    file = tmp_path / "gateway.key"
    file.write_text(ENCODED)
    file.chmod(0o640)

    with pytest.raises(SecretError, match=f"can be read by others; chmod 600 {file}"):
        gateway_key(Secrets({}), tmp_path, may_create=True)


@pytest.mark.parametrize("text", ["c2hvcnQ=", "not base64!", "'" + ENCODED + "'"])
def test_a_key_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Too short, or not base64: and the value is not shown."""
    with pytest.raises(SecretError, match="expected 32 bytes in base64") as refused:
        gateway_key(Secrets({"LAPOR_GATEWAY_KEY": text}), tmp_path, may_create=True)

    assert text not in str(refused.value)


def test_a_folder_that_takes_no_key_is_an_error_in_words(tmp_path: Path) -> None:
    """No traceback where the data folder is missing or read-only."""
    with pytest.raises(SecretError, match="cannot be made: No such file"):
        gateway_key(Secrets({}), tmp_path / "gone", may_create=True)


# --- files --------------------------------------------------------------------------------------


def test_rule_files_come_from_the_operator_one_by_one(config: Path) -> None:
    """An operator who rewrote one file keeps getting the others from the gateway."""
    (config / "taxonomy.toml").write_text("# mine")

    files = config_files(config)

    assert set(files) == set(RULE_FILES)
    assert files["taxonomy.toml"] == b"# mine"
    assert files["abbreviations.toml"] == (SHIPPED / "abbreviations.toml").read_bytes()


def test_the_folder_one_starts_in_is_the_default(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """./config counts where it holds a gateway.toml."""
    monkeypatch.chdir(config.parent)

    before = default_config_dir()
    (config / "gateway.toml").touch()

    assert (before, default_config_dir()) == (None, Path("config"))
