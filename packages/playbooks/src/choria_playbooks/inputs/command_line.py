"""How inputs look on a command line.  Pure."""

from choria_playbooks.inputs.input import ABSENT, Input, InputType
from choria_playbooks.templates.value_text import value_text


def option_of(item: Input) -> str:
    """The option that gives it: ``--cluster``, in small letters as the original had it."""
    return f"--{item.name.lower()}"


def help_of(item: Input) -> str:
    """What help says of it: ``DESCRIPTION (TYPE) default: X``; defaults of secrets are hidden."""
    text = f"{item.description} ({item.type})".strip()
    if item.is_secret or item.default is ABSENT or item.default is None or item.default is False:
        return text
    return f"{text} default: {value_text(item.default)}"


def secret_options_of(item: Input) -> tuple[str, str]:
    """The options of a secret: one for a file that holds it, one for a variable that does."""
    return f"{option_of(item)}-file", f"{option_of(item)}-env"


def is_repeatable(item: Input) -> bool:
    """Whether the option may be given several times, each time for one value of a list."""
    return item.type is InputType.ARRAY
