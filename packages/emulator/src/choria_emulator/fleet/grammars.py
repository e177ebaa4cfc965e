"""How single values of a fleet file are written: as the options of the command line.  Pure."""

from collections.abc import Callable
from typing import Final, TypeVar

from choria_core.config.schema import Grammar
from choria_core.config.value import Refusal
from choria_core.durations import format_duration, parse_choria_duration
from choria_core.errors import ConfigError, UsageError
from choria_core.network_config.addresses import read_address
from choria_core.protocol.names import is_identity
from choria_emulator.fleet.shares import (
    parse_churn,
    parse_latency,
    parse_share,
    parse_slow,
    show_latency,
    show_share,
)

Value = TypeVar("Value")


def _as_setting(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """The reader of an option, for a value in a file."""

    def setting(text: str) -> Value:
        try:
            return read(text)
        except UsageError as error:
            raise ConfigError(str(error)) from error

    return setting


def _interval(text: str) -> float:
    seconds = parse_choria_duration(text)
    if seconds and seconds < 1:
        raise ConfigError(f'"{text}" is not even a second: write 1s or more, or 0s for never')
    return seconds


def _server(text: str) -> str:
    found = read_address(text)
    if isinstance(found, Refusal):
        raise ConfigError(f"{found.text}: {found.fix}")
    return text


def _name(text: str) -> str:
    if not is_identity(text):
        raise ConfigError(f"{text!a} is no name of nodes: use letters, digits, _ and -, with dots")
    return text


def _show_slow(slow: tuple[float, float]) -> str:
    share, seconds = slow
    return f"{show_share(share)}:{format_duration(seconds)}"


def _show_churn(share: float) -> str:
    return f"{show_share(share)}/m"


SHARE: Final = Grammar("share (0.1%, 0.001)", _as_setting(parse_share), show_share)
CHURN: Final = Grammar("share in a time (1%/m, 5%/h)", _as_setting(parse_churn), _show_churn)
LATENCY: Final = Grammar("latency (20ms, 20ms±10ms)", _as_setting(parse_latency), show_latency)
SLOW: Final = Grammar("share and seconds (1%, 1%:5s)", _as_setting(parse_slow), _show_slow)
INTERVAL: Final = Grammar("duration (30s, 5m), 0s for never", _interval, format_duration)
SERVER: Final = Grammar("broker (host:port)", _server)
NAME: Final = Grammar("name", _name)
