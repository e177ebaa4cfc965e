"""Filters in the query language of PuppetDB.  Pure.

    nodes[certname, deactivated] { (certname ~ "^web") and (inventory {facts.os = "x"}) }

Texts of the filter are quoted, so that none can end its string and go on as a query.  An
identity that begins with ``pql:`` is a query of certnames in itself.

Source: the discovery method ``choria`` of go-choria.
"""

import re
from collections.abc import Iterable
from typing import Final

from choria_core.errors import UsageError
from choria_core.protocol.messages import FactFilter, Filter

_EVERYWHERE: Final = frozenset(("scout", "rpcutil", "choria_util"))
"""Agents that every node has."""

_is_number: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?").fullmatch
_is_path: Final = re.compile(r"[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+)*").fullmatch
_query: Final = re.compile(r"pql:\s*(.+)", re.DOTALL).fullmatch


def pql_of(wanted: Filter, collective: str) -> str:
    """The query for the nodes of ``collective`` that match.

    Raises:
        UsageError: PuppetDB cannot answer such a filter.
    """
    if wanted.compound:
        raise UsageError("PuppetDB does not know compound filters; use --dm mc")
    parts = [
        _of_collective(collective),
        " or ".join(_of_identity(one) for one in wanted.identity),
        _all(_of_class(one) for one in wanted.cf_class),
        _all(_of_agent(one) for one in wanted.agent),
        _all(_of_fact(one) for one in wanted.fact),
    ]
    conditions = " and ".join(f"({part})" for part in parts if part)
    return f"nodes[certname, deactivated] {{ {conditions} }}"


def _all(conditions: Iterable[str]) -> str:
    return " and ".join(conditions)


def _of_collective(name: str) -> str:
    if not name:
        return ""
    setting = r'facts.mcollective.server.collectives.match("\d+")'
    return f"certname in inventory[certname] {{ {setting} = {_quoted(name)} }}"


def _of_identity(wanted: str) -> str:
    query = _query(wanted)
    if query is not None:
        return f"certname in {query[1]}"
    pattern = _pattern(wanted)
    return f"certname = {_quoted(wanted)}" if pattern is None else f"certname ~ {pattern}"


def _of_class(wanted: str) -> str:
    pattern = _pattern(wanted)
    if pattern is not None:
        return f'resources {{type = "Class" and title ~ {pattern}}}'
    title = "::".join(part[:1].upper() + part[1:].lower() for part in wanted.split("::"))
    return f'resources {{type = "Class" and title = {_quoted(title)}}}'


def _of_agent(wanted: str) -> str:
    """Agents are files of Puppet modules, and tagged as such."""
    if wanted in _EVERYWHERE:
        return f"({_of_class('choria::service')} or {_of_class('mcollective::service')})"
    pattern = _pattern(wanted)
    if pattern is not None:
        tag = f'"mcollective_agent_.*?{pattern[1:-1]}.*?_server"'
        return f'resources {{type = "File" and tag ~ {tag}}}'
    tag = _quoted(f"mcollective_agent_{wanted}_server")
    return f'resources {{type = "File" and tag = {tag}}}'


def _of_fact(wanted: FactFilter) -> str:
    operator, value = wanted.operator, wanted.value
    if _is_path(wanted.fact) is None:
        raise UsageError(f"PuppetDB cannot be asked for a fact named {wanted.fact[:80]!a}")
    fact = f"facts.{wanted.fact}"
    if operator == "=~":
        pattern = _pattern(value)
        text = _quoted(_any_case(value)) if pattern is None else pattern
        return f"inventory {{{fact} ~ {text}}}"
    if operator in ("==", "!="):
        equal = f"{fact} = {_quoted(value)}"
        if value in ("true", "false") or _is_number(value):
            equal = f"{fact} = {value} or {equal}"
        return f"inventory {{{equal}}}" if operator == "==" else f"inventory {{!({equal})}}"
    if _is_number(value) is None:
        raise UsageError(
            f"PuppetDB compares numbers alone by {operator}, and {value[:80]!a} is none"
        )
    return f"inventory {{{fact} {operator} {value}}}"


def _pattern(text: str) -> str | None:
    """The pattern between slashes as a quoted text, or None where there are none."""
    if len(text) < 3 or not text[0] == text[-1] == "/":
        return None
    return _quoted(_any_case(text[1:-1]))


def _any_case(pattern: str) -> str:
    """The pattern for capitals and small letters alike.

    Letters behind a backslash and within brackets stay: they mean something else, or
    would after such a change.
    """
    parts: list[str] = []
    is_escaped = in_brackets = False
    for character in pattern:
        is_plain = not is_escaped and not in_brackets
        if is_plain and character.isascii() and character.isalpha():
            parts.append(f"[{character.lower()}{character.upper()}]")
        else:
            parts.append(character)
        if not is_escaped:
            in_brackets = character == "[" or (in_brackets and character != "]")
        is_escaped = character == "\\" and not is_escaped
    return "".join(parts)


def _quoted(text: str) -> str:
    """A string of the language; a backslash keeps a quotation mark in it, and nothing else."""
    if not text.isprintable() or text.endswith("\\") or '\\"' in text:
        raise UsageError(f"PuppetDB cannot be asked for {text[:80]!a}")
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
