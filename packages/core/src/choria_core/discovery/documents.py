"""JSON and YAML files that name nodes, as plain values."""

from pathlib import Path
from typing import Final

import msgspec

from choria_core.config.problems import InvalidConfigError
from choria_core.config.yaml_nodes import plain
from choria_core.config.yaml_text import read_yaml
from choria_core.errors import ConfigError, WorkError

LARGEST_BYTES: Final = 256 << 20
YAML_SUFFIXES: Final = (".yaml", ".yml")


def read_source(path: Path) -> bytes:
    """The content of a file that names nodes.

    Raises:
        ConfigError: it cannot be read, or is too large.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"{path} is larger than {LARGEST_BYTES >> 20} MiB; split it")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def json_value(text: bytes, *, source: str) -> object:
    """A JSON document.

    Raises:
        WorkError: it is none.
    """
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise WorkError(f"{source} is not JSON: {error}") from error


def yaml_value(text: bytes, *, source: str) -> object:
    """A YAML document.

    Raises:
        WorkError: it is none.
    """
    try:
        document = read_yaml(text.decode(), file=source)
    except UnicodeDecodeError as error:
        raise WorkError(f"{source} is not UTF-8") from error
    if document.problems or document.root is None:
        raise WorkError(str(InvalidConfigError(document.problems)) or f"{source} is empty")
    return plain(document.root)
