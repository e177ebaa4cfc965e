"""Subjects made from senders."""

import pytest

from choria_core.errors import LocalProtocolError
from choria_plugin_adapter.subject_template import SubjectTemplate


@pytest.mark.parametrize(
    ("template", "sender", "subject", "covering"),
    [
        ("REG.%s", "node1.example", "REG.node1.example", "REG.>"),
        ("REG", "node1.example", "REG", "REG"),
        ("%s", "n", "n", ">"),
        ("dc1.reg-%s.facts", "n", "dc1.reg-n.facts", "dc1.>"),
        ("%s.of.%s", "n", "n.of.n", ">"),
    ],
)
def test_the_sender_stands_for_its_mark(
    template: str, sender: str, subject: str, covering: str
) -> None:
    made = SubjectTemplate(template)

    assert made.subject(sender) == subject
    assert made.covering == covering


def test_a_subject_has_at_most_255_characters() -> None:
    made = SubjectTemplate("%s.%s")

    assert len(made.subject("n" * 127)) == 255
    assert made.subject("n" * 128) == ""


@pytest.mark.parametrize("template", ["", "a..%s", "a.*", "a.>", "$SYS.%s", "a b", "a\r\nPUB b"])
def test_what_makes_no_subject_is_refused(template: str) -> None:
    with pytest.raises(LocalProtocolError):
        SubjectTemplate(template)
