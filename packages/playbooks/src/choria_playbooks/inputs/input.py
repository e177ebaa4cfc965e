"""What a book says of one input.  Pure."""

import enum
from dataclasses import dataclass
from typing import Final

from choria_core.config.problems import Location


class Absent(enum.Enum):
    """In place of a value that was not given."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class InputType(enum.StrEnum):
    """What an input takes; the values are the names that reports and help use."""

    STRING = "String"
    INTEGER = "Integer"
    FLOAT = "Float"
    NUMERIC = "Numeric"
    ARRAY = "Array"
    BOOLEAN = "Boolean"
    HASH = "Hash"
    SECRET = "Secret"  # noqa: S105 - a word
    ANY = "Any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A value that a book wants.

    Attributes:
        name: as templates and the command line call it.
        description: for help.
        type: what it takes.
        required: whether a run without a value ends before it begins.
        validation: as written: ``:name``, ``/pattern/`` or a pattern; empty for none.
        default: its value where nobody gave one and no store has one; or ABSENT.
        data: where it is read, ``store/key``; empty for a static input.
        dynamic: it cannot be given, only read.
        save: a given value is written to ``data``.
        environment, file: whence a secret comes where it is not given; empty for nowhere.
        location: of its name.
    """

    name: str
    description: str = ""
    type: InputType = InputType.ANY
    required: bool = True
    validation: str = ""
    default: object = ABSENT
    data: str = ""
    dynamic: bool = False
    save: bool = False
    environment: str = ""
    file: str = ""
    location: Location

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.type is InputType.SECRET
