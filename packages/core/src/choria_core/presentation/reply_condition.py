"""Which replies are shown, as an expression says.  Pure.

    condition = ReplyCondition('ok() && data("idling") != true')
    condition.holds(reply)

Known to it are ``ok()``, ``aborted()``, ``invalid_data()``, ``missing_data()``,
``unknown_action()``, ``unknown_error()``, ``data(path)``, ``sender()``, ``msg``,
``code``, ``include(array, item)`` and ``semver(version, constraint)``.
"""

from collections.abc import Callable, Mapping
from typing import Final

from choria_core.client.records import NodeReply
from choria_core.errors import UsageError
from choria_core.filters.compound import as_documented, include, semver
from choria_core.filters.expression.compiler import Environment
from choria_core.filters.expression.natures import ANY, BOOL, INT, STRING
from choria_core.filters.expression.program import compile_condition
from choria_core.filters.expression.signatures import takes
from choria_core.filters.expression.values import mismatch
from choria_core.filters.json_path import find
from choria_core.filters.limits import EXPRESSION_BYTES, FilterError, Meter
from choria_core.filters.path_query import MISSING
from choria_core.protocol.rpc_body import StatusCode

Calls = Mapping[str, Callable[[list[object], Meter], object]]

_STATUSES: Final = {
    "ok": StatusCode.OK,
    "aborted": StatusCode.ABORTED,
    "unknown_action": StatusCode.UNKNOWN_ACTION,
    "missing_data": StatusCode.MISSING_DATA,
    "invalid_data": StatusCode.INVALID_DATA,
    "unknown_error": StatusCode.UNKNOWN_ERROR,
}
_ENVIRONMENT: Final = Environment(
    names={"msg": STRING, "code": INT},
    functions={
        **{name: takes("", gives=BOOL) for name in _STATUSES},
        "sender": takes("", gives=STRING),
        "data": takes("s", gives=ANY),
        "include": takes("a*", gives=BOOL),
        "semver": takes("ss", gives=BOOL),
    },
    refused={"time": "the time of a reply cannot be asked for"},
    is_closed=True,
)


class ReplyCondition:
    """An expression over replies.

    Raises:
        UsageError: it is malformed, too large, or cannot say true or false.
    """

    def __init__(self, text: str) -> None:
        if len(text) > EXPRESSION_BYTES:
            raise UsageError(f"--filter-replies: longer than {EXPRESSION_BYTES} characters")
        try:
            self._program = compile_condition(text, _ENVIRONMENT)
        except FilterError as error:
            raise UsageError(f"--filter-replies: {error}, in {text!r}") from error

    def holds(self, reply: NodeReply) -> bool:
        """Whether it is true of the reply.

        Raises:
            FilterError: it cannot be told: a value has another type than it takes.
        """
        names = {"msg": reply.statusmsg, "code": reply.statuscode}
        return self._program.is_true(names, _calls(reply), Meter())


def _calls(reply: NodeReply) -> Calls:
    def data(arguments: list[object], meter: Meter) -> object:
        (path,) = arguments
        if not isinstance(path, str):
            raise mismatch("data", path)
        value = find(reply.data, path, meter)
        return None if value is MISSING else as_documented(meter.admit(value))

    calls: dict[str, Callable[[list[object], Meter], object]] = {
        name: _is(reply.statuscode == status) for name, status in _STATUSES.items()
    }
    return {
        **calls,
        "sender": lambda _arguments, _meter: reply.sender,
        "data": data,
        "include": include,
        "semver": semver,
    }


def _is(answer: bool) -> Callable[[list[object], Meter], object]:  # noqa: FBT001 - a value
    return lambda _arguments, _meter: answer
