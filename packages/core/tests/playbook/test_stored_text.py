"""Values in stores of texts."""

import pytest

from choria_core.errors import WorkError
from choria_core.playbook.stored_text import stored_text, text_of_bytes


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("true", "true"),
        (None, ""),
        (True, "true"),
        (5, "5"),
        (0.5, "0.5"),
        (["a", None], '["a",null]'),
        ({"a": {"b": [1]}}, '{"a":{"b":[1]}}'),
    ],
)
def test_texts_stay_and_the_rest_is_json(value: object, text: str) -> None:
    assert stored_text(value) == text


def test_what_json_cannot_say_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    for value in (object(), {"a": {1, object()}}, loop, "\udc80"):
        with pytest.raises(WorkError, match="cannot be stored"):
            stored_text(value)


def test_only_utf8_is_text() -> None:
    assert text_of_bytes("Größe".encode(), "size") == "Größe"
    with pytest.raises(WorkError, match="'size' is no UTF-8"):
        text_of_bytes(b"\xff", "size")
