"""What a configuration depends on beside its files: the machine and the user.  Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from choria_core.errors import ConfigError

_FEWEST_DOTS = 2  # a name with so many is surely a full one


def _nothing() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class HostNames:
    """Ways to learn a machine's name, each asked only when those before it told too little.

    Attributes:
        host_name: as the system calls itself.
        dns_name: what DNS calls the system's address; empty where it has none.
        facter_name: the full name that facter knows; empty without facter.
        facter_domain: the domain that facter knows; empty without facter.
    """

    host_name: Callable[[], str]
    dns_name: Callable[[], str] = _nothing
    facter_name: Callable[[], str] = _nothing
    facter_domain: Callable[[], str] = _nothing


@dataclass(frozen=True, slots=True)
class Host:
    """The surroundings that a program starts in.

    Attributes:
        names: of the machine.
        environment: variables; ``HOME`` and ``USER`` are taken from here.
        folder: the working folder, absolute; None where project files do not count.
        is_root: whether the program runs as the superuser.
    """

    names: HostNames
    environment: Mapping[str, str] = field(repr=False)
    folder: Path | None = None
    is_root: bool = False

    @property
    def home(self) -> str:
        """The user's home folder; empty where none is set."""
        return self.environment.get("HOME", "")

    @property
    def user(self) -> str:
        """The user's name; empty where none is set."""
        return self.environment.get("USER", "")


def derive_identity(names: HostNames) -> tuple[str, str]:
    """The identity of a machine that is given none, and in words what it was taken from.

    Raises:
        ConfigError: the machine has no name at all.
    """
    own = names.host_name()
    if own.count(".") >= _FEWEST_DOTS:
        return own, "the host's name"
    by_dns = names.dns_name().removesuffix(".")
    if by_dns not in ("", "localhost"):
        return by_dns, "the host's name in DNS"
    by_facter = names.facter_name()
    if by_facter:
        return by_facter, "facter"
    if own:
        return own, "the host's name"
    raise ConfigError("this machine has no name")


def srv_domain(configured: str, identity: str, names: HostNames) -> str:
    """The domain to look for SRV records in; empty where there is none.

    Args:
        configured: the setting, or an empty text.
        identity: its part behind the first dot is the last resort.
        names: facter's domain comes before that.
    """
    return configured or names.facter_domain() or identity.partition(".")[2]
