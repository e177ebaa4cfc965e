"""Keeps secrets out of what a run tells.  Pure."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from msgspec import structs

from choria_core.playbook.outcome import HostResult
from choria_core.presentation.safe_text import one_line
from choria_core.telemetry.redaction import HIDDEN

_SHORTEST_PART = 4
_SHORTEST_CORE = 8


class Masking:
    """Knows the secrets of a run, and puts stars in their place.

    A secret is found as it is, and as programs print it: escaped, in JSON, in URLs, in base64,
    alone or within something longer, and, where it has several lines, line by line.

    Attributes:
        has_secrets: whether any is known.
    """

    def __init__(self) -> None:
        self.has_secrets = False
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, values: Iterable[object]) -> None:
        """More secrets: texts, or lists and maps with texts in them."""
        found = {text for value in values for text in _texts(value) if text} - self._secrets
        if not found:
            return
        self.has_secrets = True
        self._secrets |= found
        shapes = {shape for secret in self._secrets for shape in _shapes(secret)}
        longest_first = sorted(shapes, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(shape) for shape in longest_first))

    def text(self, text: str) -> str:
        """A text without secrets."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def value(self, value: Any) -> Any:
        """A value without secrets; the same object where none is known."""
        return value if self._pattern is None else self._safely(value)

    def result(self, result: HostResult) -> HostResult:
        """What came of a task on a node, without secrets."""
        if self._pattern is None:
            return result
        return structs.replace(
            result,
            value=self._safely(result.value),
            error=self.text(result.error),
            details=self._masked(result.details),
        )

    def results(self, results: Mapping[str, HostResult]) -> Mapping[str, HostResult]:
        """What came of a task, by node, without secrets."""
        if self._pattern is None:
            return results
        return {self.text(node): self.result(result) for node, result in results.items()}

    def hides(self, value: object) -> bool:
        """Whether a secret is in a value."""
        return self._pattern is not None and self._masked(value) != value

    def _safely(self, value: Any) -> Any:
        """A value without secrets; one that has no end is hidden as a whole."""
        try:
            return self._masked(value)
        except RecursionError:
            return HIDDEN

    def _masked(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self._masked(key): self._masked(item) for key, item in value.items()}
            case list():
                return [self._masked(item) for item in value]
            case tuple():
                return tuple(self._masked(item) for item in value)
            case int() | float() if not isinstance(value, bool):
                shown = self.text(str(value))
                return value if HIDDEN not in shown else shown
        return value


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case bool() | None:
            return
        case int() | float():
            yield str(value)


def _shapes(secret: str) -> Iterator[str]:
    """The secret as it may stand in a text."""
    data = secret.encode(errors="surrogatepass")
    yield secret
    yield one_line(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(data, safe="")
    yield quote_plus(data)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield from _within_base64(data, encode)
    stripped = secret.strip()
    if stripped:
        yield stripped
    parts = [part.strip() for part in secret.splitlines()]
    if len(parts) > 1:
        yield from (part for part in parts if len(part) >= _SHORTEST_PART)


def _within_base64(data: bytes, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What base64 makes of the secret inside of something longer, as ``name:password``.

    Three bytes are four characters, so that it depends on where the secret begins.  Characters
    that it shares with its neighbours are left out.
    """
    for before in range(3):
        whole = bytes(before) + data
        text = encode(whole).decode().rstrip("=")
        end = len(text) if len(whole) % 3 == 0 else len(text) - 1
        core = text[(before * 8 + 5) // 6 : end]
        if len(core) >= _SHORTEST_CORE:
            yield core
