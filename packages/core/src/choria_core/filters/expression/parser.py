"""The tokens of an expression as a tree.  Pure.

Source: github.com/expr-lang/expr v1.17, docs/language-definition.md.
"""

from collections.abc import Callable
from typing import TypeVar

from choria_core.filters.expression.functions import FUNCTIONS
from choria_core.filters.expression.lexer import Kind, Token, number, tokens
from choria_core.filters.expression.loops import LOOPS
from choria_core.filters.expression.syntax import (
    Array,
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Let,
    Literal,
    Logic,
    Map,
    Member,
    Name,
    Node,
    Pointer,
    Sequence,
    Slice,
    Unary,
)
from choria_core.filters.limits import EXPRESSION_DEPTH, FilterError

_One = TypeVar("_One")

_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY = {
    "|": 0,
    "or": 10,
    "||": 10,
    "and": 15,
    "&&": 15,
    **dict.fromkeys(("==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains"), 20),
    **dict.fromkeys(("startsWith", "endsWith"), 20),
    "..": 25,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
    "^": 100,
    "??": 500,
}
_RIGHT_ASSOCIATIVE = frozenset({"**", "^"})
_NEGATABLE = frozenset({"contains", "matches", "startsWith", "endsWith", "in"})
_COMPARISONS = frozenset({"<", ">", ">=", "<="})
_LOGIC = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        FilterError: it is malformed, too long or nested too deeply.
    """
    return _Parser(tokens(text)).whole()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._token = found[0]
        self._loops = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._sequence()
        if self._token.kind is not Kind.END:
            raise self._unexpected()
        return node

    # tokens

    def _next(self) -> Token:
        """The current token; goes on to the next."""
        token = self._token
        self._at = min(self._at + 1, len(self._tokens) - 1)
        self._token = self._tokens[self._at]
        return token

    def _is(self, value: str) -> bool:
        return self._token.value == value and self._token.kind in {Kind.OPERATOR, Kind.BRACKET}

    def _accept(self, value: str) -> bool:
        if self._is(value):
            self._next()
            return True
        return False

    def _expect(self, value: str) -> None:
        if not self._accept(value):
            raise self._unexpected()

    def _unexpected(self) -> FilterError:
        if self._token.kind is Kind.END:
            return FilterError("the expression ends too early")
        return FilterError(f"unexpected {self._token.value[:20]!r} at {self._token.at}")

    def _name(self) -> str:
        if self._token.kind is not Kind.NAME:
            raise self._unexpected()
        return self._next().value

    # expressions

    def _sequence(self) -> Node:
        parts = [self._expression()]
        while self._accept(";"):
            if self._token.kind is Kind.END:
                break
            parts.append(self._expression())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _expression(self, precedence: int = 0) -> Node:
        self._depth += 1
        if self._depth > EXPRESSION_DEPTH:
            raise FilterError(f"an expression nested deeper than {EXPRESSION_DEPTH}")
        try:
            if precedence == 0 and self._is("let"):
                return self._let()
            if precedence == 0 and self._is("if"):
                return self._if()
            node = self._operators(precedence)
            return self._conditional(node) if precedence == 0 else node
        finally:
            self._depth -= 1

    def _operators(self, precedence: int) -> Node:
        node = self._primary()
        previous, deep = "", 0
        while self._token.kind is Kind.OPERATOR:
            negated = self._is("not") and self._negates(precedence)
            if self._is("not") and not negated:
                break
            if negated:
                self._next()
            operator = self._token.value
            if _BINARY.get(operator, -1) < precedence:
                break
            if previous == "??" and operator not in {"??", "|"}:
                raise FilterError("?? and other operators need parentheses between them")
            self._next()
            node = self._combined(node, operator, negated=negated)
            previous = operator
            deep += not (isinstance(node, Logic) or operator == "|")
            self._check_chain(deep)
        return node

    def _check_chain(self, deep: int) -> None:
        """A chain of operators nests to the left."""
        if self._depth + deep > EXPRESSION_DEPTH:
            raise FilterError(f"an expression nested deeper than {EXPRESSION_DEPTH}")

    def _negates(self, precedence: int) -> bool:
        """Whether this ``not`` belongs to an operator, as in ``not in``, that may stand here."""
        following = self._tokens[self._at + 1]
        if following.kind is not Kind.OPERATOR or following.value not in _NEGATABLE:
            raise self._unexpected()
        return _BINARY[following.value] >= precedence

    def _combined(self, left: Node, operator: str, *, negated: bool) -> Node:
        if operator == "|":
            return self._call(self._name(), (left,))
        if operator in _COMPARISONS:
            return self._comparison(left, operator)
        tighter = 0 if operator in _RIGHT_ASSOCIATIVE else 1
        right = self._expression(_BINARY[operator] + tighter)
        if operator in _LOGIC:
            return _joined(_LOGIC[operator], left, right)
        node: Node = Binary(operator, left, right)
        return Unary("not", node) if negated else node

    def _comparison(self, left: Node, operator: str) -> Node:
        """``a < b < c``: each neighbours' comparison, all of which must hold."""
        result: Node | None = None
        while True:
            right = self._expression(_BINARY[operator] + 1)
            compared = Binary(operator, left, right)
            result = compared if result is None else _joined("and", result, compared)
            if self._token.kind is not Kind.OPERATOR or self._token.value not in _COMPARISONS:
                return result
            left, operator = right, self._next().value

    def _let(self) -> Node:
        self._next()
        name = self._name()
        self._expect("=")
        value = self._expression()
        self._expect(";")
        return Let(name, value, self._sequence())

    def _if(self) -> Node:
        self._next()
        condition = self._expression()
        yes = self._block()
        self._expect("else")
        if not self._is("if"):
            return Conditional(condition, yes, self._block())
        self._depth += 1
        self._check_chain(0)
        no = self._if()
        self._depth -= 1
        return Conditional(condition, yes, no)

    def _block(self) -> Node:
        self._expect("{")
        node = self._sequence()
        self._expect("}")
        return node

    def _conditional(self, node: Node) -> Node:
        deep = 0
        while self._accept("?"):
            if self._accept(":"):
                yes = node
            else:
                yes = self._expression()
                self._expect(":")
            node = Conditional(node, yes, self._expression())
            deep += 1
            self._check_chain(deep)
        return node

    # operands

    def _primary(self) -> Node:
        token = self._token
        if token.kind is Kind.OPERATOR and token.value in _UNARY:
            self._next()
            operator = "not" if token.value == "!" else token.value
            return self._postfix(Unary(operator, self._expression(_UNARY[token.value])))
        if self._accept("("):
            node = self._sequence()
            self._expect(")")
            return self._postfix(node)
        if self._loops and (self._is("#") or self._is(".")):
            return self._postfix(self._pointer())
        if self._accept("::"):
            return self._postfix(self._call(self._name(), ()))
        return self._secondary()

    def _pointer(self) -> Node:
        name = ""
        if self._accept("#") and self._token.kind is Kind.NAME:
            name = self._next().value
        return Pointer(name)

    def _secondary(self) -> Node:
        token = self._token
        if token.kind is Kind.NAME:
            return self._named(self._next().value)
        if token.kind is Kind.NUMBER:
            return Literal(number(self._next().value))
        if token.kind is Kind.TEXT:
            return self._postfix(Literal(self._next().value))
        if self._accept("["):
            return self._postfix(Array(self._items("]")))
        if self._accept("{"):
            return self._postfix(self._map())
        raise self._unexpected()

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        return self._postfix(self._call(name, ()) if self._is("(") else Name(name))

    def _items(self, closing: str) -> tuple[Node, ...]:
        """Expressions between commas, up to ``closing``."""
        return tuple(self._between_commas(closing, self._expression))

    def _between_commas(self, closing: str, one: Callable[[], _One]) -> list[_One]:
        found: list[_One] = []
        while not self._accept(closing):
            if found:
                self._expect(",")
                if self._accept(closing):
                    break
            found.append(one())
        return found

    def _map(self) -> Node:
        return Map(tuple(self._between_commas("}", self._pair)))

    def _pair(self) -> tuple[Node, Node]:
        key: Node
        if self._token.kind in {Kind.NUMBER, Kind.TEXT, Kind.NAME}:
            key = Literal(self._next().value)
        elif self._is("("):
            key = self._expression()
        else:
            raise self._unexpected()
        self._expect(":")
        return key, self._expression()

    def _call(self, name: str, given: tuple[Node, ...]) -> Node:
        """A call whose first arguments a pipe may have given."""
        self._expect("(")
        if name in LOOPS:
            return Builtin(name, self._loop_arguments(name, given))
        arguments = given + self._items(")")
        if name in FUNCTIONS:
            return Builtin(name, arguments)
        return Call(Name(name), arguments)

    def _loop_arguments(self, name: str, given: tuple[Node, ...]) -> tuple[Node, ...]:
        """The array, the body and what else a loop takes."""
        arguments = list(given)
        loop = LOOPS[name]
        while len(arguments) < loop.most and not self._is(")"):
            if len(arguments) > len(given):
                self._expect(",")
                if self._is(")"):
                    break
            arguments.append(self._body() if len(arguments) == 1 else self._expression())
        self._accept(",")
        self._expect(")")
        if len(arguments) < loop.least:
            raise FilterError(f"{name} needs at least {loop.least} arguments")
        return tuple(arguments)

    def _body(self) -> Node:
        self._loops += 1
        node = self._block() if self._is("{") else self._expression()
        self._loops -= 1
        return node

    def _postfix(self, node: Node) -> Node:
        deep = 0
        while True:
            optional = self._is("?.")
            if self._accept(".") or self._accept("?."):
                if optional and self._accept("["):
                    node = Chain(self._indexed(node, optional=True))
                else:
                    node = self._member(node, optional=optional)
            elif self._accept("["):
                node = self._indexed(node, optional=False)
            else:
                return node
            deep += 1
            self._check_chain(deep)

    def _member(self, node: Node, *, optional: bool) -> Node:
        if self._token.kind is not Kind.NAME and not (
            self._token.kind is Kind.OPERATOR and self._token.value.isalpha()
        ):
            raise self._unexpected()
        chained = isinstance(node, Chain)
        base = node.inner if isinstance(node, Chain) else node
        found: Node = Member(base, Literal(self._next().value), optional)
        if self._accept("("):
            found = Call(found, self._items(")"))
        return Chain(found) if chained or optional else found

    def _indexed(self, node: Node, *, optional: bool) -> Node:
        if self._accept(":"):
            return self._sliced(node, None)
        start = self._expression()
        if self._accept(":"):
            return self._sliced(node, start)
        self._expect("]")
        return Member(node, start, optional)

    def _sliced(self, node: Node, start: Node | None) -> Node:
        end = None if self._is("]") else self._expression()
        self._expect("]")
        return Slice(node, start, end)


def _joined(operator: str, left: Node, right: Node) -> Node:
    """Chains of the same operator in one."""
    if isinstance(left, Logic) and left.operator == operator:
        return Logic(operator, (*left.operands, right))
    return Logic(operator, (left, right))
