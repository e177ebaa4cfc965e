"""The order of attempts and the meaning of failures."""

import asyncio
import ssl
from collections.abc import Iterator

import pytest

from choria_core.backoff import Backoff
from choria_core.errors import AuthenticationError, ChoriaError, ConfigError, ConnectError
from choria_core.nats.dialing import STEADY_SECONDS, Dialer, explain, explain_server_error
from choria_core.nats.endpoint import Endpoint, ServerAddress
from choria_core.nats.transport import StateChange

ONE, TWO = ServerAddress("one.example", 4222), ServerAddress("two.example", 4222)
REFUSED, ABSENT = AuthenticationError("wrong password"), ConnectError("absent")
AT_ONCE = Backoff(first_seconds=0.001, cap_seconds=0.001)


class Script:
    """Attempts that end as written down; what it records is what was tried."""

    def __init__(self, *outcomes: ChoriaError | str) -> None:
        self.tried: list[ServerAddress] = []
        self.told: list[StateChange] = []
        self._outcomes: Iterator[ChoriaError | str] = iter(outcomes)

    async def attempt(self, server: ServerAddress) -> str:
        self.tried.append(server)
        outcome = next(self._outcomes)
        if isinstance(outcome, ChoriaError):
            raise outcome
        return outcome

    def dialer(self, backoff: Backoff = AT_ONCE) -> Dialer[str]:
        return Dialer(Endpoint((ONE, TWO)), self.attempt, self.told.append, backoff=backoff)


async def test_servers_are_tried_in_order_round_after_round() -> None:
    script = Script(ABSENT, ABSENT, ABSENT, "link")

    assert await script.dialer().first(timeout_seconds=None) == "link"
    assert script.tried == [ONE, TWO, ONE, TWO]
    assert [(change.server, change.cause) for change in script.told] == [
        (str(ONE), "absent"),
        (str(TWO), "absent"),
        (str(ONE), "absent"),
    ]


@pytest.mark.parametrize("outcomes", [(REFUSED, ABSENT), (ABSENT, REFUSED), (REFUSED, REFUSED)])
async def test_a_round_of_refusals_is_the_end_of_the_first_connect(
    outcomes: tuple[ChoriaError, ChoriaError],
) -> None:
    script = Script(*outcomes)

    with pytest.raises(AuthenticationError, match=r"\.example:4222: wrong password"):
        await script.dialer().first(timeout_seconds=None)

    assert script.tried == [ONE, TWO]


async def test_unusable_settings_end_the_first_connect_at_once() -> None:
    script = Script(ConfigError("no such file"))

    with pytest.raises(ConfigError, match=r"^no such file$"):
        await script.dialer().first(timeout_seconds=None)

    assert script.tried == [ONE]


async def test_afterwards_nothing_ends_the_trying() -> None:
    script = Script(REFUSED, REFUSED, ConfigError("no such file"), ABSENT, "link")

    assert await script.dialer().again(lived_seconds=STEADY_SECONDS) == "link"


async def test_a_server_that_throws_us_out_at_once_is_not_hammered() -> None:
    """Delays go on growing over links that do not last; a steady one resets them."""
    script = Script(*["link"] * 20)
    backoff = Backoff(first_seconds=0.001, cap_seconds=60, factor=16, jitter=0)
    dialer = script.dialer(backoff)
    for _ in range(3):  # 1, 16 and 256 ms
        await dialer.again(lived_seconds=0.0)

    waiting = asyncio.create_task(dialer.again(lived_seconds=0.0))
    await asyncio.sleep(0)

    assert not waiting.done()
    assert len(script.tried) == 3
    waiting.cancel()
    assert await dialer.again(lived_seconds=STEADY_SECONDS) == "link"


async def test_the_limit_of_the_first_connect_names_servers_and_cause() -> None:
    script = Script(*[ABSENT] * 10_000)

    with pytest.raises(ConnectError) as caught:
        await script.dialer().first(timeout_seconds=0.05)

    text = str(caught.value)
    assert f"no server of {ONE},{TWO} could be reached within 0.05 s; last: nats://" in text
    assert text.endswith("4222: absent")


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ABSENT, ConnectError, "absent"),
        (ConnectionRefusedError(111, "Connect call failed"), ConnectError, "Connection refused"),
        (OSError("Multiple exceptions"), ConnectError, "Multiple exceptions"),
        (TimeoutError(), ConnectError, "no answer within 5 s; .* tls_handshake_first"),
        (ValueError("odd"), ConnectError, "ValueError: odd"),
        (tls_error("WRONG_VERSION_NUMBER"), ConnectError, "TLS failed: wrong version number"),
        (
            tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            AuthenticationError,
            "refuses our certificate: tlsv13 alert certificate required",
        ),
        (
            tls_error("TLSV1_ALERT_UNKNOWN_CA"),
            AuthenticationError,
            "refuses our certificate: tlsv1 alert unknown ca",
        ),
    ],
)
def test_what_a_failed_attempt_means(error: Exception, kind: type[ChoriaError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        raise explain(error, timeout_seconds=5)

    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Authorization Violation", AuthenticationError),
        ("authorization violation", AuthenticationError),
        ("User Authentication Expired", AuthenticationError),
        ("Account Authentication Expired", AuthenticationError),
        ("User Authentication Revoked", AuthenticationError),
        ("Authentication Timeout", ConnectError),
        ("maximum connections exceeded", ConnectError),
    ],
)
def test_what_an_error_line_of_the_server_means(text: str, kind: type[ChoriaError]) -> None:
    error = explain_server_error(text)

    assert type(error) is kind
    assert text in str(error)
