"""RPC payloads as they are, and as they come from Ruby and from careless programs."""

from typing import Any

import pytest
from msgspec import Raw, Struct, json

from choria_core.errors import LocalProtocolError, RemoteProtocolError
from choria_core.protocol.rpc_body import (
    RpcReply,
    RpcRequest,
    StatusCode,
    decode_rpc_reply,
    decode_rpc_request,
    encode_rpc_reply,
    encode_rpc_request,
    pack_fields,
    unpack_fields,
    unpack_typed_fields,
)


class Pong(Struct):
    """Results of ``ping``."""

    pong: int


def test_ruby_sends_more_keys_and_answers_with_fewer() -> None:
    request = decode_rpc_request(
        b'{"agent":"a","action":"b","caller":"choria=c","data":{"process_results":true}}'
    )
    reply = decode_rpc_reply(b'{"statuscode":0,"statusmsg":"OK","data":{"x":1}}')

    assert (request.agent, request.action) == ("a", "b")
    assert unpack_fields(request.data) == {"process_results": True}
    assert (reply.action, unpack_fields(reply.data)) == ("", {"x": 1})


@pytest.mark.parametrize("data", [b"", b',"data":null', b',"data":"{}"', b',"data":{}'])
def test_data_that_is_not_there_is_empty(data: bytes) -> None:
    request = decode_rpc_request(b'{"agent":"a","action":"b"' + data + b"}")
    reply = decode_rpc_reply(b'{"statuscode":0,"statusmsg":"OK"' + data + b"}")

    assert unpack_fields(request.data) == unpack_fields(reply.data) == {}
    assert encode_rpc_request(request) == b'{"agent":"a","action":"b","data":{}}'
    assert b'"data":{}' in encode_rpc_reply(reply)


@pytest.mark.parametrize("data", [b"1", b"[]", b'"x"', b"true", b'"\xff"', b'{"a":"\xff"}'])
def test_data_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_rpc_request(b'{"agent":"a","action":"b","data":' + data + b"}")
    with pytest.raises(RemoteProtocolError):
        decode_rpc_reply(b'{"statuscode":0,"statusmsg":"OK","data":' + data + b"}")


def test_data_is_kept_as_it_was_sent() -> None:
    """An audit log shows what was asked, not what we made of it."""
    request = decode_rpc_request(b'{"agent":"a","action":"b","data":{ "x" : 1.0 }}')

    assert bytes(request.data) == b'{ "x" : 1.0 }'


def test_results_have_types_where_an_action_has() -> None:
    decoder = json.Decoder(Pong)

    assert unpack_typed_fields(decoder, pack_fields(Pong(7))) == Pong(7)
    with pytest.raises(RemoteProtocolError):
        unpack_typed_fields(decoder, Raw(b'{"pong":"x"}'))


@pytest.mark.parametrize("data", [b"{" * 5000, b'{"a":' * 5000, b"", b"[1]", b'{"a":1e999}'])
def test_raw_data_can_be_hostile_too(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        unpack_fields(Raw(data))


def test_status_codes_may_be_newer_than_we_are() -> None:
    reply = decode_rpc_reply(b'{"statuscode":42,"statusmsg":"?","data":{}}')

    assert reply.statuscode == 42
    assert reply.statuscode not in set(StatusCode)


@pytest.mark.parametrize("value", [object(), {1, "a"}.__iter__(), "\ud800"])
def test_what_json_cannot_hold_is_our_own_fault(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        encode_rpc_reply(RpcReply(statuscode=0, statusmsg="", data=pack_fields({"x": value})))


def test_requests_have_no_data_unless_given() -> None:
    assert encode_rpc_request(RpcRequest("a", "b")) == b'{"agent":"a","action":"b","data":{}}'
