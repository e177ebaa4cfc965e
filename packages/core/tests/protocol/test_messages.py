"""What the records say of themselves."""

import base64
import json

import pytest

from choria_core.errors import RemoteProtocolError
from choria_core.protocol import v1, v2
from choria_core.protocol.lifecycle import PREFIX, decode_event
from choria_core.protocol.messages import MATCH_ALL, FactFilter, Filter, Headers, SecureRequest


@pytest.mark.parametrize(
    "asked",
    [
        Filter(fact=(FactFilter("a", "==", "b"),)),
        Filter(cf_class=("a",)),
        Filter(agent=("rpcutil",)),
        Filter(identity=("n1",)),
        Filter(compound=("true",)),
    ],
)
def test_a_filter_with_a_condition_is_not_empty(asked: Filter) -> None:
    assert not asked.is_empty
    assert MATCH_ALL.is_empty


def test_a_message_remembers_its_way() -> None:
    headers = Headers(sender="n1", seen_by=(("a", "n1", "b"),))

    passed = headers.passed_on(("b", "broker", "c"))

    assert passed.seen_by == (("a", "n1", "b"), ("b", "broker", "c"))
    assert passed.sender == "n1"


def test_a_registration_may_come_from_a_node_without_a_certificate() -> None:
    """Source: the words are those of go-choria."""
    unsigned = v1.UNSIGNED_REGISTRATION

    document = v1.encode_secure_request(
        SecureRequest(b"{}", unsigned.signature, unsigned.credential)
    )

    assert json.loads(document) == {
        "protocol": "choria:secure:request:1",
        "message": "{}",
        "signature": base64.b64encode(b"insecure registration").decode(),
        "pubcert": "insecure registration",
    }


def test_nobody_signs_with_one_word() -> None:
    for codec, signature, credential in (
        (v1, "insecure", {"pubcert": "insecure"}),
        (v2, "aW5zZWN1cmU=", {"caller": ""}),
    ):
        unsigned = codec.INSECURE
        secure = SecureRequest(b"{}", unsigned.signature, unsigned.credential)

        document = json.loads(codec.encode_secure_request(secure))

        assert document["signature"] == signature
        assert credential.items() <= document.items()


def test_events_of_two_types_are_refused() -> None:
    event = (
        f'{{"specversion":"1.0","id":"1","source":"io.choria.lifecycle","type":"{PREFIX}alive",'
        '"subject":"n1","datacontenttype":"application/json","time":"2026-01-01T00:00:00Z",'
        f'"data":{{"protocol":"{PREFIX}startup","id":"1","identity":"n1",'
        '"component":"server","timestamp":1}}'
    )

    with pytest.raises(RemoteProtocolError, match="two types"):
        decode_event(event.encode())
