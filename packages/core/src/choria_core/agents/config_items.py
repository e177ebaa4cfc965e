"""Single keys of a configuration, as ``get_config_item`` shows them.  Pure."""

from collections.abc import Iterable
from enum import Enum
from pathlib import PurePath

from choria_core.network_config.settings import Settings, is_secret
from choria_core.telemetry.redaction import HIDDEN


def config_item(settings: Settings, key: str) -> object:
    """The value of ``key``, fit for JSON; that of a secret is hidden.

    Raises:
        KeyError: no such key is known to this side or stands in the files.
    """
    if key in settings.values:
        value = settings.values[key].value
    elif key in settings.options:
        value = settings.options[key].text
    else:
        raise KeyError(key)
    return (HIDDEN if value else value) if is_secret(key) else _plain(value)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Iterable):
        return [_plain(one) for one in value]
    return str(value)
