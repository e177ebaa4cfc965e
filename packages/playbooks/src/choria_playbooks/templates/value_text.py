"""Values as they stand inside of longer texts.  Pure."""

import json


def value_text(value: object) -> str:
    """A value as text.

    Lists are joined by a comma and a space, lists in them too; a hash is written as JSON; nothing
    is an empty text.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(value_text(one) for one in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)
