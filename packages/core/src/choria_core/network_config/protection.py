"""How far the environment switches protection off.  Pure."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from choria_core.config.problems import Location, Problem, at

ALL_OFF: Final = "INSECURE_YES_REALLY"
TLS_OFF: Final = "INSECURE_DISABLE_TLS"
ANONYMOUS: Final = "INSECURE_ANON_TLS"

_EFFECTS: Final = {
    ALL_OFF: "requests are not signed and nothing is encrypted",
    TLS_OFF: "nothing is encrypted",
    ANONYMOUS: "no certificate is shown and the broker's is not checked",
}


class Tls(enum.Enum):
    """How a connection to a broker is protected."""

    MUTUAL = "mutual"
    ANONYMOUS = "anonymous"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Protection:
    """What is signed and encrypted.

    Attributes:
        signed: whether requests are signed and signatures checked.
        tls: of the connection to a broker.
        verify_tls: whether the broker's certificate is checked.
    """

    signed: bool = True
    tls: Tls = Tls.MUTUAL
    verify_tls: bool = True


def protection(environment: Mapping[str, str], *, server_anonymous: bool = False) -> Protection:
    """What the environment leaves of it; a variable counts where it says exactly ``true``.

    Args:
        environment: variables.
        server_anonymous: whether a server connects with a token in place of a certificate.
    """
    off = {name for name in _EFFECTS if environment.get(name) == "true"}
    anonymous = server_anonymous or ANONYMOUS in off
    tls = Tls.ANONYMOUS if anonymous else Tls.MUTUAL
    if off & {ALL_OFF, TLS_OFF}:
        tls = Tls.OFF
    return Protection(signed=ALL_OFF not in off, tls=tls, verify_tls=not anonymous)


def protection_warnings(environment: Mapping[str, str]) -> Iterator[Problem]:
    """What everyone who starts like this must read."""
    for name, effect in _EFFECTS.items():
        text = environment.get(name, "")
        where = Location(f"environment variable {name}")
        if text == "true":
            yield at(where, "", effect, "unset it where other people can reach the network")
        elif text:
            yield at(where, "", "has no effect", "it counts where it says exactly true")
