"""The subjects of a stream, made from those who send.  Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from choria_core.errors import LocalProtocolError
from choria_core.protocol.names import MAX_NAME_CHARS, is_subject

SENDER: Final = "%s"
"""Stands in a template for the sender."""


@dataclass(frozen=True)
class SubjectTemplate:
    """A subject in which ``%s`` is the sender, wherever it stands.

    A sender is an identity, whose characters are harmless in a subject; what it makes of
    the template can only be too long.

    Args:
        text: as configured.

    Raises:
        LocalProtocolError: with a sender it would be no subject.
    """

    text: str

    def __post_init__(self) -> None:
        if not is_subject(self.text.replace(SENDER, "x")):
            raise LocalProtocolError(f"{self.text!a} makes no subject")

    @cached_property
    def _fixed(self) -> int:
        return len(self.text) - len(SENDER) * self.text.count(SENDER)

    def subject(self, sender: str) -> str:
        """The subject for a sender; empty where it would be longer than a subject may be."""
        if self._fixed + len(sender) * self.text.count(SENDER) > MAX_NAME_CHARS:
            return ""
        return self.text.replace(SENDER, sender)

    @property
    def covering(self) -> str:
        """A subject with wildcards that all of them match; identities have dots in them."""
        before, sender, _ = self.text.partition(SENDER)
        if not sender:
            return self.text
        whole, dot, _ = before.rpartition(".")
        return f"{whole}{dot}>"
