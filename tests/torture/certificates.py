"""An authority of our own, one good certificate of it and some that no client should believe."""

import asyncio
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("good", "expired", "not yet valid", "other host", "self-signed", "old tls")
AUTHORITY = "authority.pem"
DAY = timedelta(days=1)
GOOD = (-DAY, DAY)
VALID = {"expired": (-3 * DAY, -DAY), "not yet valid": (DAY, 3 * DAY)}


def authority(folder: Path) -> None:
    """Make the authority, and a key with a certificate for each of NAMES."""
    folder.mkdir()
    key, name = _key(), _name("authority of the tests")
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    own = (
        _begun(name, name, key, GOOD)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / AUTHORITY).write_bytes(own.public_bytes(serialization.Encoding.PEM))
    for store in NAMES:
        _store(folder, store, key, name)


def _store(folder: Path, store: str, issuer_key: ec.EllipticCurvePrivateKey, by: x509.Name) -> None:
    key, address = _key(), "127.0.0.2" if store == "other host" else "127.0.0.1"
    name = _name("store")
    is_own = store == "self-signed"
    signed = (
        _begun(name, name if is_own else by, key, VALID.get(store, GOOD))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        .sign(key if is_own else issuer_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    certificate = signed.public_bytes(serialization.Encoding.PEM)
    _file(folder, store).write_bytes(secret + certificate)


def tls_of(folder: Path, store: str) -> ssl.SSLContext:
    """What a server with this certificate speaks."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(_file(folder, store))
    if store == "old tls":
        _speak_old(tls)
    return tls


async def careless(port: int) -> bool:
    """Whether a client that believes everybody can talk to the server on this port."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    except OSError:
        return False
    writer.close()
    return True


def _speak_old(tls: ssl.SSLContext) -> None:
    # OpenSSL 3 knows TLS 1.1 only where its level of security is turned down.
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point of it
        tls.maximum_version = ssl.TLSVersion.TLSv1_1


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    valid: tuple[timedelta, timedelta],
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + valid[0])
        .not_valid_after(now + valid[1])
    )


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _file(folder: Path, store: str) -> Path:
    return folder / f"{store}.pem"
