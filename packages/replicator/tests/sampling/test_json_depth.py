"""The depth of JSON, whatever strings hold."""

import json

from hypothesis import given
from hypothesis import strategies as st

from choria_replicator.sampling.json_depth import is_deeper

DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('[]{}"\\a')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('[{"\\')), inner),
)


def depth(document: object) -> int:
    """The plain way, for comparison."""
    if isinstance(document, dict):
        return 1 + max(map(depth, document.values()), default=0)
    if isinstance(document, list):
        return 1 + max(map(depth, document), default=0)
    return 0


@given(DOCUMENTS)
def test_the_depth_is_that_of_the_document(document: object) -> None:
    body = json.dumps(document).encode()
    levels = depth(document)

    assert not is_deeper(body, levels)
    if levels:
        assert is_deeper(body, levels - 1)


@given(st.binary(), st.integers(0, 3))
def test_any_bytes_have_an_answer(body: bytes, levels: int) -> None:
    assert is_deeper(body, levels) in (True, False)
