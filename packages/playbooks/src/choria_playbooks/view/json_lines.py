"""Events as JSON lines, for programs.  Pure."""

import msgspec

from choria_playbooks.engine.events import Event, Line
from choria_playbooks.report.any_json import any_json


def json_line(event: Event) -> str:
    """An event as one line, without its end; levels of log lines are words."""
    if isinstance(event, Line):
        return any_json(
            {"event": "log", **msgspec.structs.asdict(event), "level": event.level.name.lower()}
        )
    line = any_json(event)
    if not line.startswith("{"):  # a task gave what has no end
        return any_json({"event": event.__struct_config__.tag, "time": event.time})
    return line
