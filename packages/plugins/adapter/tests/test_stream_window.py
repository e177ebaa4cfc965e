"""What is said where the stream cannot be looked at."""

from choria_core.errors import DisconnectedError, TransportError
from choria_plugin_adapter.stream_window import why_not


def test_permissions_are_no_advice_while_there_is_no_connection() -> None:
    assert why_not(DisconnectedError("reg is not connected")) == (
        "there is no connection to the stream's broker"
    )


def test_a_broker_that_does_not_answer_may_not_allow_it() -> None:
    assert why_not(TransportError("no answer")).startswith("no answer; allow us $JS.API.STREAM.")
