"""NATS URLs as people write them."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_core.errors import ConfigError
from choria_core.nats.endpoint import Credentials, Endpoint, ServerAddress, TlsSettings
from choria_core.nats.endpoint_url import parse_endpoint, redact


def one(text: str) -> ServerAddress:
    endpoint = parse_endpoint(text)
    assert endpoint == Endpoint(servers=endpoint.servers)
    (server,) = endpoint.servers
    return server


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("nats://one.example:4333", ServerAddress("one.example", 4333)),
        ("nats://one.example", ServerAddress("one.example", 4222)),
        ("nats://one.example/", ServerAddress("one.example", 4222)),
        ("one.example:4333", ServerAddress("one.example", 4333)),
        ("one.example", ServerAddress("one.example", 4222)),
        (" one.example ,", ServerAddress("one.example", 4222)),
        ("NATS://one.example", ServerAddress("one.example", 4222)),
        ("nats://[::1]:4333", ServerAddress("::1", 4333)),
        ("[fe80::1]", ServerAddress("fe80::1", 4222)),
        ("127.0.0.1", ServerAddress("127.0.0.1", 4222)),
        ("one.example\n", ServerAddress("one.example", 4222)),
    ],
)
def test_one_server(text: str, server: ServerAddress) -> None:
    assert one(text) == server


def test_several_servers_keep_their_order() -> None:
    endpoint = parse_endpoint("nats://b.example,a.example:1,nats://c.example")

    assert str(endpoint) == "nats://b.example:4222,nats://a.example:1,nats://c.example:4222"


def test_the_scheme_tls_demands_tls() -> None:
    endpoint = parse_endpoint("nats://a.example,tls://b.example")

    assert endpoint.tls == TlsSettings()
    assert endpoint.servers[1].scheme == "tls"


@pytest.mark.parametrize(
    ("text", "credentials"),
    [
        ("nats://ann:pw@h", Credentials(user="ann", password="pw")),
        ("ann:pw@h", Credentials(user="ann", password="pw")),
        ("nats://ann:@h", Credentials(user="ann")),
        ("nats://t%3Ak@h", Credentials(token="t:k")),
        ("nats://a%40b:p%2Cw%2F%3F%23%25@h", Credentials(user="a@b", password="p,w/?#%")),
        ("nats://ann:p@w@h", Credentials(user="ann", password="p@w")),
        ("nats://h?credentials=/etc/u.creds", Credentials(file="/etc/u.creds")),
        ("nats://h?credentials=a%20b+c", Credentials(file="a b+c")),
        ("nats://h?jwt=/j&nkey=/n", Credentials(jwt="/j", nkey_seed="/n")),
        ("nats://h?nkey=/n", Credentials(nkey_seed="/n")),
        ("nats://h,nats://a:1@i,nats://b:2@j", Credentials(user="a", password="1")),
    ],
)
def test_credentials(text: str, credentials: Credentials) -> None:
    endpoint = parse_endpoint(text)

    assert endpoint.credentials == credentials
    assert "@" not in str(endpoint)


def test_given_credentials_hold_where_the_urls_have_none() -> None:
    given_ = Credentials(file="/etc/u.creds")

    assert parse_endpoint("h", credentials=given_).credentials == given_
    assert parse_endpoint("t@h", credentials=given_).credentials == Credentials(token="t")


def test_options_change_the_given_tls_settings() -> None:
    mine = TlsSettings(ca_file="/ca.pem", handshake_first=True)
    endpoint = parse_endpoint(
        "h?insecure=true,i?tls_handshake_first=false&connect_timeout=1m30s", tls=mine
    )

    assert endpoint.tls == TlsSettings(ca_file="/ca.pem", verify=False)
    assert endpoint.connect_timeout_seconds == 90


@pytest.mark.parametrize(
    ("query", "tls"),
    [
        ("insecure", TlsSettings(verify=False)),
        ("insecure=1", TlsSettings(verify=False)),
        ("insecure=false", None),
        ("tls_handshake_first=True", TlsSettings(handshake_first=True)),
        ("tls_handshake_first=0", None),
    ],
)
def test_tls_options_without_settings(query: str, tls: TlsSettings | None) -> None:
    assert parse_endpoint(f"nats://h?{query}").tls == tls


def test_of_an_option_the_first_url_that_has_it_counts() -> None:
    endpoint = parse_endpoint(
        "h?connect_timeout=1s,i?connect_timeout=2s&insecure=true&ping_interval=300ms"
    )

    assert endpoint.connect_timeout_seconds == 1
    assert endpoint.ping_interval_seconds == 0.3
    assert endpoint.tls == TlsSettings(verify=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no server is named; write for example nats://"),
        (" , ", "no server is named"),
        ("ws://h", "websockets is not supported; use nats:// or tls://"),
        ("wss://h", "websockets is not supported"),
        ("http://h", "scheme http is unknown; use nats:// or tls://"),
        ("nats://", "no host name"),
        ("nats://:4222", "no host name"),
        ("nats://a b", "no host name"),
        ("nats://h:99999", "the port is a number from 1 to 65535"),
        ("nats://h:0", "the port is a number"),
        ("nats://h:x", "the port is a number"),
        ("nats://[::1", r"write an IPv6 address as \[::1\]:4222"),
        ("nats://::1:4222", r"IPv6 address in brackets, as \[::1\]:4222"),
        ("nats://h/path", "ends with its port"),
        ("nats://h#x", "ends with its port"),
        ("nats://a\x00b", "control characters; remove them"),
        (
            "nats://h?conect_timeout=1s",
            "unknown option conect_timeout; did you mean connect_timeout",
        ),
        ("nats://h?zzz=1", "unknown option zzz; known are credentials, jwt"),
        ("nats://h?insecure=maybe", "option insecure is true or false"),
        ("nats://h?connect_timeout=5", "option connect_timeout is no duration"),
        ("nats://h?connect_timeout=0s", "option connect_timeout is no wait; write for example 5s"),
        ("nats://h?ping_interval=0s", "option ping_interval is no wait"),
        ("nats://h?credentials=", "option credentials is empty"),
        ("nats://h?nkey=/a&nkey=/b", "option nkey is given twice"),
        ("nats://h?jwt=/j", r"jwt= needs the seed that goes with it; add &nkey=FILE"),
        ("nats://u:p@h?credentials=/c", "credentials are given in several ways"),
    ],
)
def test_a_wrong_list_is_explained(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_endpoint(text)


@pytest.mark.parametrize(
    "text",
    [
        "nats://ann:hunter2@h:x",
        "nats://hunter2@h:x",
        "ann:hunter2@h:x",
        "nats://ann:hunter2/x@h",
        "nats://ann:hunter2?x@h",
        "nats://ann:x?hunter2&x@h",
        "nats://ann:hunter2#x@h",
        "nats://ann:hunter2,x@h:x",
        "ann:x,hunter2@h",
        "nats://ann:hunter2@h,nats://h?bad=1",
        "nats://h?jwt=hunter2",
        "nats://h?nkey=hunter2&x=1",
        "nats://h?unknown=hunter2",
    ],
)
def test_errors_show_no_secret(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoint(text)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nats://h:4222", "nats://h:4222"),
        ("h,i:1", "h,i:1"),
        ("nats://ann:pw@h:4222,tls://t@i", "nats://ann:***@h:4222,tls://***@i"),
        ("ann:pw@h", "ann:***@h"),
        ("nats://[::1]:4222", "nats://[::1]:4222"),
        (
            "nats://h?credentials=/c&jwt=/j&nkey=SU&insecure=true",
            "nats://h?credentials=***&jwt=***&nkey=***&insecure=true",
        ),
        ("nats://h?insecure", "nats://h?insecure"),
        ("nats://h?ping_interval=5s&jwt=/j", "nats://h?ping_interval=5s&jwt=***"),
        ("nats://h?junk", "nats://h?***"),
        ("nats://ann:p,w@h,nats://i", "nats://***@h,nats://i"),
        ("nats://ann:p/w@h", "nats://***@h"),
        ("nats://ann:p@w@h?x=1", "nats://***@h?***"),
        ("nothing of the kind", "nothing of the kind"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    assert redact(text) == shown


SECRETS = st.text(min_size=1).map(lambda text: f"hunter2{text}hunter3")


@given(secret=SECRETS)
def test_a_well_written_password_is_read_and_hidden(secret: str) -> None:
    encoded = quote(secret, safe="", errors="replace")
    text = f"nats://h,nats://ann:{encoded}@i:1,nats://j?nkey={encoded}"

    assert redact(text) == "nats://h,nats://ann:***@i:1,nats://j?nkey=***"
    if secret.isascii():
        assert parse_endpoint(text).credentials == Credentials(user="ann", password=secret)


@given(text=st.text() | st.from_regex(r"(nats://)?[\w:@/?#,&=%\[\].]*", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    redact(text)
    try:
        endpoint = parse_endpoint(text)
    except ConfigError:
        return
    assert endpoint.servers
    assert all(server.host and 1 <= server.port <= 65535 for server in endpoint.servers)


HOSTS = st.sampled_from(["one.example", "127.0.0.1", "::1"])
SERVERS = st.builds(ServerAddress, HOSTS, st.integers(1, 65535), st.sampled_from(["nats", "tls"]))


@given(servers=st.lists(SERVERS, min_size=1, max_size=5))
def test_what_an_endpoint_shows_is_read_back(servers: list[ServerAddress]) -> None:
    assert parse_endpoint(str(Endpoint(tuple(servers)))).servers == tuple(servers)
