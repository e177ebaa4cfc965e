"""The text of a data file, JSON or YAML, and the values in it.  Pure."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, Final, NoReturn

import yaml

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import TAG, read_yaml, tag_of
from choria_core.errors import ConfigError, WorkError

Values = dict[str, Any]

INDENT: Final = 2

_SHORT: Final = 100
"""Characters of a name that YAML writes on the line of its value."""

_is_plain: Final = re.compile("[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*").fullmatch

_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_INDENTED: Final = json.JSONEncoder(ensure_ascii=False, indent=INDENT)


class DataText(ABC):
    """How a data file is written.

    Each value's text is kept and only that of a changed one is made anew: of many values
    one is written at a time, and making text of YAML takes long.
    """

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}

    def read(self, text: str, *, file: str) -> Values:
        """The values of a text; none where it is empty.

        Raises:
            ConfigError: it is not what it should be, or not a block of names.
        """
        self._parts.clear()
        value = self._parse(text, file)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        found = type(value).__name__
        raise ConfigError(f"{file}: a data file holds a block of names and values, not {found}")

    def write(self, values: Mapping[str, object], changed: str) -> str:
        """The text of values.

        Args:
            values: all of them, as they were when last read or written but for one.
            changed: the key of that one; it is in its place, or the last, or gone.
        """
        parts = self._parts
        if changed in values:
            parts[changed] = self._part(changed, values[changed])
        else:
            parts.pop(changed, None)
        if len(parts) != len(values):  # the first time after they were read
            known = dict(parts)
            parts.clear()
            for key, value in values.items():
                parts[key] = known.get(key) or self._part(key, value)
        return self._joined(parts.values())

    @abstractmethod
    def _parse(self, text: str, file: str) -> object:
        """Whatever the text says; None where it says nothing."""

    @abstractmethod
    def _part(self, key: str, value: object) -> str:
        """The text of one value."""

    @abstractmethod
    def _joined(self, parts: Collection[str]) -> str:
        """The text of all."""


class JsonText(DataText):
    """Indented JSON."""

    def _parse(self, text: str, file: str) -> object:
        if not text.strip():
            return None
        try:
            value: object = json.loads(text, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            where = f"{file}:{error.lineno}:{error.colno}"
            raise ConfigError(f"{where}: this is not JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{file}: this is not JSON: {error}") from None
        return "null" if value is None else value

    def _part(self, key: str, value: object) -> str:
        if isinstance(value, dict | list) and value:
            text = _INDENTED.encode(value).replace("\n", "\n" + " " * INDENT)
        else:
            text = _COMPACT.encode(value)
        return f"{' ' * INDENT}{_COMPACT.encode(key)}: {text}"

    def _joined(self, parts: Collection[str]) -> str:
        return "{\n" + ",\n".join(parts) + "\n}\n" if parts else "{}\n"


class YamlText(DataText):
    """A YAML block of names; a text of comments alone is an empty one."""

    def _parse(self, text: str, file: str) -> object:
        document = read_yaml(text, file=file)
        if document.problems:
            raise InvalidConfigError(document.problems)
        return None if document.root is None else plain(document.root)

    def _part(self, key: str, value: object) -> str:
        return _plain_line(key, value) or dumped(key, value)

    def _joined(self, parts: Collection[str]) -> str:
        return "".join(parts) or "{}\n"


def dumped(key: str, value: object) -> str:
    """A value with its name, by PyYAML."""
    return str(
        yaml.dump(
            {key: value},
            Dumper=_Dumper,
            default_flow_style=False,
            allow_unicode=True,
            sort_keys=False,
            width=1 << 20,
        )
    )


def _plain_line(key: str, value: object) -> str:
    """What :func:`dumped` gives for names and texts of plain words, in a tenth of the time.

    It is empty for whatever is not as plain as that.
    """
    if type(value) is not str or len(key) > _SHORT or len(value) > _SHORT:
        return ""
    for text in (key, value):
        if not _is_plain(text) or tag_of(text) != f"{TAG}str":
            return ""
    return f"{key}: {value}\n"


class _Dumper(yaml.CSafeDumper):
    """Writes what :func:`choria_core.config.yaml_text.read_yaml` reads as it was."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """No anchors: people read these files."""
        return True


def _quoted_where_needed(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """A text that looks like a number or a truth, to us or to PyYAML, stands in quotes."""
    style = None if tag_of(text) == f"{TAG}str" else '"'
    return dumper.represent_scalar(f"{TAG}str", text, style=style)


_Dumper.add_representer(str, _quoted_where_needed)


def own_copy(value: object) -> Any:
    """A value as JSON has it, sharing nothing with the given one.

    Raises:
        WorkError: JSON cannot hold it.
    """
    if type(value) in {bool, int}:
        return value
    try:
        if type(value) is str:
            value.encode()
            return value
        text = _COMPACT.encode(value)
        text.encode()
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise WorkError(f"a data file cannot hold such a value: {error}") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
