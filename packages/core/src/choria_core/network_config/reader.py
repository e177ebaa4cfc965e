"""Lines and variables into typed values, every problem gathered.  Pure."""

import re
from collections.abc import Mapping
from typing import Final

from choria_core.config.problems import Problem, at
from choria_core.config.value import Refusal
from choria_core.network_config.keys import Key, Side, Support
from choria_core.network_config.kinds import OnError
from choria_core.network_config.lines import Line, Lines
from choria_core.network_config.settings import Option, Origin, Settings, Source, Value
from choria_core.network_config.table import BY_NAME, find, keys_of
from choria_core.network_config.typos import one_typo_away

_PREFIXED_TWICE: Final = re.compile(r"plugin\.[^.]+\.(plugin\..+)")


class SettingsReader:
    """Reads files in their order, then the environment; the later one wins.

    Attributes:
        errors: what cannot be; nothing should start.
        warnings: what was passed over.
    """

    def __init__(self, side: Side, *, home: str) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._side = side
        self._home = home
        self._values = {key.name: Value(key.default_value()) for key in keys_of(side)}
        self._options: dict[str, Option] = {}
        self._files: list[str] = []

    def add_file(self, file: str, lines: Lines) -> None:
        """Take what a file says."""
        self._files.append(file)
        self.errors += lines.errors
        self.warnings += lines.warnings
        for line in lines.settings:
            self._add_line(line)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Take the variables that stand for keys; an empty one counts as not set."""
        for key in keys_of(self._side):
            text = environment.get(key.environment, "") if key.environment else ""
            if text.strip():
                self._set(key, key.name, text.strip(), Origin(Source.ENVIRONMENT, key.environment))

    def settings(self) -> Settings:
        """Everything that was read; call it once, at the end."""
        self._tell_of_unsupported()
        values, options = dict(self._values), dict(self._options)
        return Settings(self._side, values, options, tuple(self._files))

    def _add_line(self, line: Line) -> None:
        origin = Origin(Source.FILE, line.location.file, line.location.line)
        self._options[line.key] = Option(line.text, origin)
        key = find(line.key)
        if key is None:
            meant = _meant(line.key)
            if meant:
                fix = f"did you mean {meant}?"
                self.warnings.append(at(line.location, line.key, "is not known", fix))
        elif key.sides & self._side:
            self._set(key, line.key, line.text, origin)

    def _set(self, key: Key, name: str, text: str, origin: Origin) -> None:
        read = key.kind.read(text, self._home)
        if isinstance(read, Refusal):
            self._refuse(key, name, read, text, origin)
            return
        beyond = _beyond(key, read)
        if beyond:
            self.errors.append(at(origin.location, name, beyond))
            return
        origins: tuple[Origin, ...] = (origin,)
        before = self._values.get(name)
        if key.kind.appends and before is not None and before.is_given:
            assert isinstance(before.value, tuple)
            assert isinstance(read, tuple)
            read, origins = (*before.value, *read), (*before.origins, origin)
        self._values[name] = Value(read, origins)

    def _refuse(self, key: Key, name: str, refusal: Refusal, text: str, origin: Origin) -> None:
        """Warn where the original would go on with what holds anyway, else refuse."""
        fix = refusal.fix
        if " #" in text:
            fix = f"{fix}; a comment needs a line of its own" if fix else "move the comment"
        current = self._values.get(name, Value(key.default_value())).value
        on_error = key.kind.on_error
        if on_error is OnError.KEEP or (on_error is OnError.FALSE and current is False):
            what = f"{refusal.text}; it stays at {key.kind.show(current) or 'nothing'}"
            self.warnings.append(at(origin.location, name, what, fix))
        else:
            self.errors.append(at(origin.location, name, refusal.text, fix))

    def _tell_of_unsupported(self) -> None:
        for key in keys_of(self._side):
            value = self._values[key.name]
            if key.support is Support.NOW or not value.is_given:
                continue
            if value.value == key.default_value():
                continue
            when = "yet" if key.support is Support.LATER else "here"
            problem = at(
                value.origins[-1].location,
                key.name,
                f"is not supported {when}: {key.doc}",
                "remove it",
            )
            (self.errors if key.refused else self.warnings).append(problem)


def _meant(key: str) -> str:
    """The known key that an unknown one is a slip for; empty where it is none."""
    twice = _PREFIXED_TWICE.fullmatch(key)
    if twice and find(twice[1]):
        return f"{twice[1]}, which this file's name puts a prefix before"
    return one_typo_away(key, BY_NAME)


def _beyond(key: Key, value: object) -> str:
    """Why a number is out of its key's range; empty where it is not."""
    if not isinstance(value, (int, float)):
        return ""
    show = key.kind.show
    if key.minimum is not None and value < key.minimum:
        return f"must be at least {show(key.minimum)}, not {show(value)}"
    if key.maximum is not None and value > key.maximum:
        return f"must be at most {show(key.maximum)}, not {show(value)}"
    return ""
