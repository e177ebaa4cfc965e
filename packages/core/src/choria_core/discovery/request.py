"""Which nodes are looked for, and how.  Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from choria_core.errors import UsageError
from choria_core.network_config.client_config import ClientConfig
from choria_core.protocol.messages import MATCH_ALL, Filter

BROADCAST: Final = frozenset(("broadcast", "mc"))
PUPPETDB: Final = frozenset(("choria", "puppetdb"))
FLAT_FILE: Final = frozenset(("file", "flatfile"))
EXTERNAL: Final = "external"
INVENTORY: Final = "inventory"

_KNOWN_OPTIONS: Final[Mapping[str, Collection[str]]] = {
    **dict.fromkeys(BROADCAST | PUPPETDB, ()),
    **dict.fromkeys(FLAT_FILE, ("file", "filter", "format")),
    INVENTORY: ("file", "novalidate"),
}
_COMPOUND_METHODS: Final = BROADCAST | {INVENTORY}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRequest:
    """Which nodes are looked for; what is left empty or None is as configured.

    Attributes:
        filter: what the nodes must match.
        collective: where they are.
        method: ``mc``, ``broadcast``, ``choria``, ``puppetdb``, ``file``, ``flatfile``,
            ``external``, ``inventory`` or the name of a plugin's.
        options: of the method.
        timeout_seconds: how long to wait for answers.
        windowed: end soon after the last answer, before the timeout.
        expected: end when so many have answered; 0 without a limit.
        nodes_file: names of nodes, which are all that is found.
        piped: what ``choria rpc -j`` printed, whose nodes are found.
    """

    filter: Filter = MATCH_ALL
    collective: str = ""
    method: str = ""
    options: Mapping[str, str] | None = None
    timeout_seconds: float | None = None
    windowed: bool | None = None
    expected: int = 0
    nodes_file: Path | None = None
    piped: bytes = b""

    def completed(self, config: ClientConfig) -> "DiscoveryRequest":
        """The request with every gap filled."""
        configured = config.discovery
        options = self.options
        if not options:
            options = options_of(configured.options, source="default_discovery_options")
        timeout = self.timeout_seconds
        return replace(
            self,
            collective=self.collective or config.main_collective,
            method=self._method(configured.method),
            options=options,
            timeout_seconds=float(configured.timeout_seconds) if timeout is None else timeout,
            windowed=configured.windowed if self.windowed is None else self.windowed,
        )

    def _method(self, configured: str) -> str:
        """How to look; compound filters are understood by some methods only."""
        if self.nodes_file is not None or (self.piped and not self.method):
            return "flatfile"
        method = self.method or configured
        return "broadcast" if self.filter.compound and method not in _COMPOUND_METHODS else method


def options_of(texts: tuple[str, ...], *, source: str) -> dict[str, str]:
    """Options written as ``key=value``.

    Raises:
        UsageError: one is written in another way.
    """
    options = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{source}: {text!r} is no option; write key=value")
        options[key.strip()] = value.strip()
    return options


def unknown_options(method: str, names: Iterable[str]) -> list[str]:
    """Names of options that a method does not know; programs and plugins may know any."""
    known = _KNOWN_OPTIONS.get(method)
    return [] if known is None else [name for name in names if name not in known]


def only_identities(wanted: Filter) -> tuple[str, ...]:
    """The identities of a filter that names nodes and asks nothing else of them; else none."""
    if wanted.fact or wanted.cf_class or wanted.compound:
        return ()
    plain = (name for name in wanted.identity if not _is_pattern(name))
    names = tuple(plain)
    return names if len(names) == len(wanted.identity) else ()


def _is_pattern(name: str) -> bool:
    return (len(name) > 2 and name[0] == name[-1] == "/") or name.startswith(("pql:", "group:"))
