"""Registrations are signed where the network signs, by the node's certificate or token."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from choria_core.errors import ConfigError, LocalProtocolError
from choria_core.network_config.server_config import ServerConfig
from choria_core.node.opening import RequestOpener
from choria_core.protocol.messages import Version
from choria_core.registration.registration import RegistrationItem
from choria_core.registration.sealing import Sealer, server_sealer, subject_of
from choria_core.security.caller_rules import CallerRules
from choria_core.security.key_files import load_authorities
from choria_core.security.x509_trust import X509Trust
from choria_testing import vectors
from choria_testing.authorities import NOW, Authority
from choria_testing.choria_tokens import make_token, new_key, public_hex, server_claims
from choria_testing.registering import layers, node_config, payload_of

NOW_NS = int(NOW) * 1_000_000_000
ITEM = RegistrationItem(b'{"a":1}')
SIGNED = "INSECURE_DISABLE_TLS"


def sealed(sealer: Sealer, item: RegistrationItem = ITEM, collective: str = "mcollective") -> bytes:
    return sealer.seal(
        item,
        identity="node1.example",
        collective=collective,
        server="nats://127.0.0.1:4222",
        now_ns=NOW_NS + 123,
    )


def recorded(name: str) -> str:
    for message in vectors.messages(name):
        if message["subject"].endswith(".agent.registration") and "node1" in message["data"]:
            text: str = message["data"]
            return text
    raise AssertionError(name)


def with_certificate(folder: Path, *lines: str) -> ServerConfig:
    authority = Authority.root("nodes")
    leaf = authority.issue("node1.example")
    assert isinstance(leaf.key, RSAPrivateKey)
    (folder / "ca.pem").write_bytes(authority.pem)
    (folder / "node.pem").write_bytes(leaf.pem)
    key = folder / "node.key"
    key.write_bytes(
        leaf.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    key.chmod(0o600)
    return node_config(
        folder,
        f"plugin.security.file.certificate = {folder / 'node.pem'}",
        f"plugin.security.file.key = {key}",
        f"plugin.security.file.ca = {folder / 'ca.pem'}",
        *lines,
        protection=SIGNED,
    )


def test_a_certificate_signs_what_whoever_trusts_its_authority_opens(tmp_path: Path) -> None:
    message = sealed(server_sealer(with_certificate(tmp_path)))

    theirs, ours = layers(recorded("tls.jsonl")), layers(message)
    assert [one.keys() for one in ours] == [one.keys() for one in theirs]
    assert ours[1]["pubcert"].encode() == (tmp_path / "node.pem").read_bytes()
    assert ours[2]["envelope"]["callerid"] == theirs[2]["envelope"]["callerid"]
    assert ours[2]["envelope"]["time"] == int(NOW)
    trust = X509Trust(load_authorities(tmp_path / "ca.pem"), CallerRules((r"/^node1\.example$/",)))
    opened = RequestOpener(Version.V1, trust).open(message, now_ns=NOW_NS)
    assert opened.sender is not None
    assert opened.request.caller == "choria=node1.example"
    assert payload_of(message) == ITEM.body


@pytest.mark.parametrize(
    "lines",
    [
        ("plugin.security.file.certificate = /no/such.pem",),
        ("plugin.security.server_anon_tls = true",),
    ],
    ids=["missing", "anonymous"],
)
def test_a_node_without_a_certificate_says_that_it_does_not_sign(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    with capture_logs() as logs:
        secure = layers(sealed(server_sealer(with_certificate(tmp_path, *lines))))[1]

    assert secure["pubcert"] == "insecure registration"
    assert base64.b64decode(secure["signature"]) == b"insecure registration"
    warned = [line["cause"] for line in logs if line["log_level"] == "warning"]
    assert len(warned) == ("such.pem" in lines[0])
    assert all("/no/such.pem" in cause for cause in warned)


def with_token(folder: Path, *lines: str) -> ServerConfig:
    issuer, node = new_key(), new_key()
    (folder / "node.jwt").write_bytes(make_token(issuer, server_claims("node1.example", node)))
    seed = folder / "node.seed"
    seed.write_text(node.private_bytes_raw().hex())
    seed.chmod(0o600)
    return node_config(
        folder,
        "plugin.security.provider = choria",
        f"plugin.security.choria.token_file = {folder / 'node.jwt'}",
        f"plugin.security.choria.seed_file = {seed}",
        f"plugin.security.choria.trusted_signers = {public_hex(issuer)}",
        *lines,
        protection=SIGNED,
    )


@pytest.mark.parametrize("sign_replies", ["true", "false"])
def test_a_token_signs_also_where_replies_are_not_signed(tmp_path: Path, sign_replies: str) -> None:
    config = with_token(tmp_path, f"plugin.security.choria.sign_replies = {sign_replies}")
    message = sealed(server_sealer(config), collective="choria")

    theirs, ours = layers(recorded("v2.jsonl")), layers(message)
    assert [one.keys() for one in ours] == [one.keys() for one in theirs]
    assert ours[0]["headers"].keys() == theirs[0]["headers"].keys()
    changing = {"id", "time", "message"}
    assert {key: ours[2][key] for key in ours[2].keys() - changing} == {
        key: theirs[2][key] for key in theirs[2].keys() - changing
    }
    assert len(ours[2]["id"]) == len(theirs[2]["id"])
    assert ours[2]["time"] == NOW_NS + 123
    assert ours[1]["caller"].encode() == (tmp_path / "node.jwt").read_bytes()
    seed = bytes.fromhex((tmp_path / "node.seed").read_text())
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public.verify(base64.b64decode(ours[1]["signature"]), base64.b64decode(ours[1]["request"]))
    assert payload_of(message) == ITEM.body


def test_a_token_that_is_missing_is_an_error(tmp_path: Path) -> None:
    config = with_token(tmp_path)
    (tmp_path / "node.jwt").unlink()
    with pytest.raises(ConfigError, match=r"node\.jwt"):
        server_sealer(config)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe"], ids=["empty", "no text"])
def test_a_body_that_cannot_travel_is_refused(body: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        sealed(Sealer(version=Version.V1), RegistrationItem(body))


@pytest.mark.parametrize("target", ["$JS.API.STREAM.PURGE.REG", "a b", "a.*", "a\r\nPUB b 0"])
def test_a_target_is_a_plain_subject(target: str) -> None:
    with pytest.raises(LocalProtocolError):
        subject_of(RegistrationItem(b"x", target), "mcollective")
