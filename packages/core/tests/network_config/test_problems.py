"""What is wrong with a configuration, and what merely does nothing."""

import pytest

from choria_core.config.problems import InvalidConfigError
from choria_core.network_config.load import load_client, load_server
from packages.core.tests.network_config.conftest import MakeHost, WriteFile

SIGNER = "ab" * 32
VERSION_TWO = "plugin.security.provider = choria\n"
SIGNED = f"{VERSION_TWO}plugin.security.choria.trusted_signers = {SIGNER}\n"
TWO_TRUSTS = f"""{SIGNED}
plugin.security.issuer.names = a
plugin.security.issuer.a.public = {SIGNER}
"""


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("ttl = soon", 'must be a whole number, not "soon"; it stays at 60; write digits only'),
        ("ttl = 90 # s", "it stays at 60; write digits only; a comment needs a line of its own"),
        ("rpcaudit = on", 'rpcaudit: must be true or false, not "on"; it stays at false; write'),
        ("loglevel = warning", "loglevel: must be debug or info or warn or error or fatal, not"),
        ("plugin.choria.network.connect_timeout = 2x", "it stays at 2s"),
        ("idntity = a", "idntity: is not known; did you mean identity?"),
        ("plugin.choria.middleware_host = a:1", "did you mean plugin.choria.middleware_hosts?"),
        ("plugin.choria.machine.store = /a", "is not supported here: folder of autonomous ag"),
        ("plugin.choria.prometheus_textfile_directory = /a", "is not supported yet: folder for"),
        ("rpcaudit = y", "rpcaudit: audits nothing; set plugin.rpcaudit.logfile"),
        ("registration = file_content", "registration: file_content has no file to send; set"),
        ("registerinterval = 0\nregistration = x", "0 means that nothing is ever registered; wri"),
        ("main_collective = uk", 'main_collective: "uk" is not among collectives; add it'),
    ],
)
def test_the_server_goes_on_with_a_warning(
    write: WriteFile, make_host: MakeHost, line: str, warning: str
) -> None:
    main = write("server.cfg", f"# first\n{line}\n")

    [found] = load_server(main, host=make_host()).warnings

    assert str(found).startswith(f"{main}:2: ")
    assert warning in str(found)


@pytest.mark.parametrize(
    "line",
    [
        "plugin.mine.color = blue",
        "securityprovider = psk",
        "rpcauditprovider = choria",
        "plugin.scout.agent_disabled = true",
        "plugin.choria.server.provision = false",
        "plugin.choria.submission.max_spool_size = 500",
        "plugin.choria.broker_network = true",
        "discovery_timeout = x",
        "plugin.choria.puppetca_host = ca",
    ],
)
def test_what_does_no_harm_is_left_alone(write: WriteFile, make_host: MakeHost, line: str) -> None:
    assert load_server(write("server.cfg", line), host=make_host()).warnings == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("rpcauthorization = on", 'rpcauthorization: must be true or false, not "on"'),
        ("plugin.security.provider = pkcs11", "pkcs11 is not supported: keys on a hardware"),
        ("plugin.security.provider = certmanager", "certmanager is not supported"),
        ("plugin.security.provider = flie", "did you mean file?"),
        ("rpcauthprovider = rego_policy", "rego_policy is not supported"),
        ("rpcauthprovider = Aaasvc", "aaasvc is not supported"),
        ("plugin.choria.submission.spool = /a", "is not supported yet: folder of messages to sub"),
        ("plugin.choria.server.provision = true", "is not supported here: start by being prov"),
        ("ttl = 29", "ttl: must be at least 30, not 29"),
        ("ttl = 18001", "ttl: must be at most 18000, not 18001"),
        ("plugin.choria.stats_port = 65536", "must be at most 65535"),
        ("plugin.choria.network.connect_timeout = 3m", "must be at most 2m, not 3m"),
        ("plugin.choria.middleware_hosts = a", "a has no port; write a:4222"),
        (
            "plugin.choria.security.certname_whitelist = bob, a[",
            "certname_whitelist: 'a[' is no regular expression: missing ]: [; write an expression",
        ),
        (
            "plugin.choria.security.privileged_users = /(?=a)/",
            "privileged_users: '/(?=a)/' is no regular expression: invalid perl operator: (?=",
        ),
        ("identity = a b", 'identity: "a b" is no network name; use letters'),
        (f"identity = {'a' * 256}", "is no network name"),
        ("plugin.yaml = /a\0b", "plugin.yaml: holds a null character"),
        ("collectives = a, b.>", 'collectives: "b.>" is no network name'),
        ("plugin.rpcaudit.logfile.mode = rw", "must be an octal mode"),
        (VERSION_TWO, "choria trusts nobody's tokens; set plugin.security.choria.trusted_sig"),
        (TWO_TRUSTS, "cannot stand beside plugin.security.issuer.names; remove one of them"),
        (
            "plugin.security.issuer.names = a",
            "the key of a is not given; set plugin.security.issuer.a.public",
        ),
        ("plugin.security.issuer.a.public = zz", '"zz" is no ed25519 public key'),
        (
            f"{SIGNED}plugin.choria.security.server.seed_file = /a",
            "does not go with the provider choria; use plugin.security.choria.seed_file",
        ),
        (
            f"{SIGNED}plugin.security.server_anon_tls = y",
            "plugin.security.server_anon_tls: does not go with the provider choria",
        ),
    ],
)
def test_the_server_does_not_start(
    write: WriteFile, make_host: MakeHost, text: str, error: str
) -> None:
    main = write("server.cfg", text)

    with pytest.raises(InvalidConfigError) as caught:
        load_server(main, host=make_host())

    [line] = str(caught.value).splitlines()
    assert line.startswith(f"{main}:")
    assert error in line


@pytest.mark.parametrize(
    "line",
    [
        "plugin.login.aaasvc.login.url = https://login",
        "plugin.choria.security.request_signer.token_file = /a",
        "plugin.choria.security.request_signer.url = https://signer",
        "plugin.choria.security.request_signer.service = true",
        "plugin.security.client_anon_tls = true",
        "plugin.security.pkcs11.driver_file = /a",
        "default_discovery_method = flatfile",
        "rpclimitmethod = last",
    ],
)
def test_the_client_does_not_start(write: WriteFile, make_host: MakeHost, line: str) -> None:
    main = write("client.cfg", line)

    with pytest.raises(InvalidConfigError, match=r"client\.cfg:1: "):
        load_client(main, host=make_host())


def test_all_errors_come_at_once(write: WriteFile, make_host: MakeHost) -> None:
    main = write("server.cfg", "ttl = 1\nidentity = ?\nrpcauthorization = maybe\n")
    write("plugin.d/choria.cfg", "stats_port = 70000\n")

    with pytest.raises(InvalidConfigError) as caught:
        load_server(main, host=make_host())

    assert [problem.key for problem in caught.value.problems] == [
        "plugin.choria.stats_port",
        "ttl",
        "identity",
        "rpcauthorization",
    ]


def test_a_value_that_cannot_be_read_leaves_the_one_before_it(
    write: WriteFile, make_host: MakeHost
) -> None:
    config = load_server(write("server.cfg", "ttl = 90\nttl = x\n"), host=make_host())

    assert config.request_ttl_seconds == 90
    assert "it stays at 90" in str(config.warnings[0])


def test_a_switch_that_was_turned_on_is_not_turned_off_by_a_slip(
    write: WriteFile, make_host: MakeHost
) -> None:
    main = write("server.cfg", "rpcaudit = y\nrpcaudit = yess\nplugin.rpcaudit.logfile = /a\n")

    with pytest.raises(InvalidConfigError, match="rpcaudit: must be true or false"):
        load_server(main, host=make_host())


def test_a_wrong_variable_is_named(write: WriteFile, make_host: MakeHost) -> None:
    host = make_host(MCOLLECTIVE_NATS_CREDENTIALS="~bob/x")

    with pytest.raises(InvalidConfigError) as caught:
        load_client(write("client.cfg", ""), host=host)

    assert str(caught.value).startswith("environment variable MCOLLECTIVE_NATS_CREDENTIALS: ")
