"""Examples of every feature of the expression language.

What an expression comes to was taken from the original, expr-lang 1.17.8.
"""

import math

import pytest

from choria_core.filters.expression.compiler import Environment
from choria_core.filters.expression.natures import ANY, BOOL, TEXTS
from choria_core.filters.expression.program import compile_expression
from choria_core.filters.expression.signatures import takes
from choria_core.filters.limits import FilterError, Meter

ENVIRONMENT = Environment(
    names={"words": TEXTS, "thing": ANY},
    functions={"yes": takes("s", gives=BOOL)},
    refused={"secret": "not for you"},
)
NAMES = {"words": ["web", "db"], "thing": {"a": {"b": [1.0, 2.0]}, "size": 3.0, "text": "tëxt"}}


def _value(text: str) -> object:
    program = compile_expression(text, ENVIRONMENT)
    return program.value(NAMES, {"yes": lambda arguments, _meter: bool(arguments)}, Meter())


EXAMPLES: list[tuple[str, object]] = [
    # literals
    ("42", 42),
    ("0x2A + 0b10 + 0o7 + 1_000", 1051),
    (".5 + 1.5e1", 15.5),
    (r'"a\n\x41é\u{1F600}\101"', "a\nAé😀A"),
    (r"'it\'s'", "it's"),
    ("`raw \\n ``x``$`".replace("$", ""), "raw \\n `x`"),
    ("nil", None),
    ("[1, 'a', nil,]", [1, "a", None]),
    ("{a: 1, 'b c': 2, 3: 4, ('d' + 'e'): 5,}", {"a": 1, "b c": 2, "3": 4, "de": 5}),
    ("1 /* two */ + 3 // four", 4),
    # arithmetic
    ("7 / 2", 3.5),
    ("-7 % 3", -1),
    ("2 ** 3 ** 2", 512.0),
    ("-2 ^ 2", -4.0),
    ("1 + 2.0", 3.0),
    ("9223372036854775807 + 1", -(2**63)),
    ("1 / 0", math.inf),
    ("-1.0 / 0", -math.inf),
    ("'a' + 'b'", "ab"),
    ("2 + 3 * 4 - 1", 13),
    ("+(-3)", -3),
    # comparison
    ("1 == 1.0 and 1 != 2 and 'a' < 'b'", True),
    ("1 < 2 <= 2 < 3", True),
    ("3 > 2 > 2", False),
    ("[1, 2] == [1.0, 2]", True),
    ("{a: 1} == {a: 1.0}", False),
    ("nil == nil", True),
    ("thing.x == nil", True),
    # logic
    ("not true or true && !false", True),
    ("false and 1 / 0 > 1", False),
    ("true || nothing > 1", True),
    ("thing.size > 2 ? 'many' : 'few'", "many"),
    ("thing.size > 5 ? 'many' : thing.size > 2 ? 'some' : 'few'", "some"),
    ("true ?: false", True),
    ("if 1 > 2 { 'a' } else if 2 > 1 { 'b' } else { 'c' }", "b"),
    ("nil ?? 'x'", "x"),
    ("thing.x ?? thing.size", 3.0),
    # membership
    ("'web' in words and 'x' not in words", True),
    ("'a' in thing and 'x' not in thing", True),
    ("2 in 1..3 and 2.0 in [1, 2]", True),
    ("nil in ['', 'a']", True),
    ("1 in thing.x", False),
    ("'abc' contains 'b' and 'abc' startsWith 'a' and 'abc' endsWith 'c'", True),
    ("'abc' not contains 'x'", True),
    ("thing.x contains 'a'", False),
    ("'abc' matches '^a.c$' and 'abc' not matches 'B'", True),
    ("'abc' matches 'a' + 'b'", True),
    # members, indexes, slices
    ("thing.a.b[1]", 2.0),
    ("thing['a']?.b[-1]", 2.0),
    ("thing.x?.y.z", None),
    ("thing?.['a'].b", [1.0, 2.0]),
    ("nothing?.x", None),
    ("nothing?.call('x')", None),
    ("[1, 2, 3][1:]", [2, 3]),
    ("[1, 2, 3][:-1]", [1, 2]),
    ("'abcdef'[2:4] + 'abc'[-1:]", "cdc"),
    ("[1, 2, 3][5:9]", []),
    ("thing.text[2:3] == ''", False),
    # variables and sequences
    ("let x = 2; let y = x + 1; x * y", 6),
    ("1; 2; 3", 3),
    # loops
    ("all(1..3, # > 0) and any(words, {# == 'db'}) and none(words, # == 'x')", True),
    ("one(words, # startsWith 'w')", True),
    ("filter(1..6, # % 2 == 0)", [2, 4, 6]),
    ("map(words, upper(#))", ["WEB", "DB"]),
    ("map(words, #index)", [0, 1]),
    ("map([{n: 1}, {n: 2}], .n)", [1, 2]),
    ("count(1..9, # > 5)", 4),
    ("count([true, false, true])", 2),
    ("sum([1, 2.5])", 3.5),
    ("sum(words, len(#))", 5),
    ("find(1..9, # > 4)", 5),
    ("findIndex(1..9, # > 4)", 4),
    ("findLast(1..9, # < 4)", 3),
    ("findLastIndex(1..9, # < 4)", 2),
    ("groupBy(words, len(#))", {3: ["web"], 2: ["db"]}),
    ("sortBy(words, len(#))", ["db", "web"]),
    ("sortBy(1..3, -#, 'desc')", [1, 2, 3]),
    ("reduce(1..4, #acc + #)", 10),
    ("reduce(words, #acc + # + string(#index), '>')", ">web0db1"),
    ("map(1..2, map(1..2, # * 10))", [[10, 20], [10, 20]]),
    ("let n = 2; map(1..2, {let m = # * n; m + 1})", [3, 5]),
    ("words | filter(# != 'db') | map(upper(#)) | first()", "WEB"),
    # texts
    ("trim('  a ') + trim('xax', 'x') + trimPrefix('ab', 'a') + trimSuffix('ab', 'b')", "aaba"),
    ("upper('é') + lower('É')", "Éé"),
    ("split('a,b,c', ',')", ["a", "b", "c"]),
    ("split('a,b,c', ',', 2)", ["a", "b,c"]),
    ("splitAfter('a,b,c', ',')", ["a,", "b,", "c"]),
    ("split('abc', '')", ["a", "b", "c"]),
    ("replace('aaa', 'a', 'b') + replace('aaa', 'a', 'b', 1)", "bbbbaa"),
    ("repeat('ab', 2) + join(['a', 'b'], '-') + join(words)", "ababa-bwebdb"),
    ("indexOf('abcb', 'b') + lastIndexOf('abcb', 'b')", 4),
    ("indexOf('äb', 'b')", 2),
    ("hasPrefix('ab', 'a') and hasSuffix('ab', 'b')", True),
    ("len('äb') + len(words) + len(thing)", 7),
    ("toBase64('é')", "w6k="),
    ("fromBase64('w6k=')", "é"),
    ("string(1.0) + string(nil) + string([1, 'a']) + string({b: 1e7, a: true})", None),
    ("toJSON({a: [1.0, '<'], b: {}})", '{\n  "a": [\n    1,\n    "\\u003c"\n  ],\n  "b": {}\n}'),
    ("fromJSON('{\"a\": [1, null]}')", {"a": [1.0, None]}),
    # numbers
    ("abs(-2) + int('3') + int(4.9)", 9),
    ("[ceil(1.2), floor(-1.2), round(-2.5), float('1.5'), float(2)]", [2.0, -2.0, -3.0, 1.5, 2.0]),
    ("[max(1, 3, 2), min([3, [1]], 2), mean([1, 2]), median(3, 1, 2)]", [3, 1, 1.5, 2.0]),
    ("[bitand(6, 3), bitor(6, 3), bitxor(6, 3), bitnand(6, 3), bitnot(0)]", [2, 7, 5, 4, -1]),
    ("[bitshl(1, 63), bitshr(-8, 1), bitushr(-1, 63), bitshl(1, 99)]", [-(2**63), -4, 1, 0]),
    ("map([1, 1.0, 'a', true, nil, [], {}], type(#))", None),
    # arrays and maps
    ("first(words) + last(words)", "webdb"),
    ("first([])", None),
    ("take([1, 2, 3], 2)", [1, 2]),
    ("get(thing, 'x') ?? get([1], 0)", 1),
    ("keys({a: 1}) == ['a'] and values({a: 1}) == [1]", True),
    ("fromPairs([['a', 1]])", {"a": 1}),
    ("toPairs({a: 1})", [["a", 1]]),
    ("reverse([1, 2])", [2, 1]),
    ("uniq([1, 2, 1.0])", [1, 2]),
    ("concat([1], words)", [1, "web", "db"]),
    ("flatten([1, [2, [3]]])", [1, 2, 3]),
    ("sort([3, 1.5, 2])", [1.5, 2, 3]),
    ("sort(words, 'desc')", ["web", "db"]),
    ("::len('abc')", 3),
    ("yes('x')", True),
]
SPELLED_OUT = {
    "string(1.0) + string(nil) + string([1, 'a']) + string({b: 1e7, a: true})": (
        "1<nil>[1 a]map[a:true b:1e+07]"
    ),
    "map([1, 1.0, 'a', true, nil, [], {}], type(#))": (
        ["int", "float", "string", "bool", "nil", "array", "map"]
    ),
}


@pytest.mark.parametrize(("text", "value"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_an_expression_comes_to(text: str, value: object) -> None:
    expected = SPELLED_OUT.get(text, value)

    found = _value(text)

    assert found == expected
    assert type(found) is type(expected) or isinstance(expected, dict)


REFUSED = [
    *("", "(", ")", "1 +", "1 2", "a b", "'a", "`a", "'\\q'", '"it\\\'s"', "1a", "0x", "1e", "@"),
    *(
        "[1",
        "{a}",
        "{[1]: 2}",
        "1..",
        "not",
        "a.",
        "a.1",
        "a[",
        "a ? b",
        "if true {1}",
        "let x = 1",
    ),
    *("1 ?? 2 + 3", "1 not 2", "/* x", "any(words)", "any(words, 1; 2)"),
    *("99999999999999999999", "1e999", "#", "words.#", "#index", "filter(words, #index == 1)"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_malformed_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        compile_expression(text, ENVIRONMENT)


MISTYPED = [
    *("1 + 'a'", "'a' - 'b'", "not 1", "-'a'", "1 and true", "1.5 % 2", "1 == 'a'", "'a' < 1"),
    *("1 in 'a'", "'a' in 'abc'", "words contains 'a'", "1 in words", "1 matches 'a'", "1.5..2"),
    *(
        "'a' matches '('",
        "words.x",
        "words['x']",
        "1.0[0]",
        "'abc'[0]",
        "nil.x",
        "5[1:]",
        "'a'[1.5:]",
    ),
    *(
        "1 ? 2 : 3",
        "len(1)",
        "upper(1)",
        "upper()",
        "upper('a', 'b')",
        "repeat('a', 'b')",
        "abs('a')",
    ),
    *("all(1, true)", "all(words, 1)", "all(words, nil)", "map('a', #)", "sortBy(words, #, 1)"),
    *("join(1)", "first('a')", "keys(words)", "values(1)", "take(words, 'a')", "concat()", "max()"),
    *("yes(1)", "yes()", "let len = 1; 2", "let words = 1; 2", "1 % 0"),
    *(
        "let x = 1; let x = 2; x",
        "'a'()",
        "words.x()",
        "reduce(words, nil)",
        "flatten(1)",
        "uniq({})",
    ),
]


@pytest.mark.parametrize("text", MISTYPED)
def test_wrong_types_are_refused_even_where_they_would_not_be_reached(text: str) -> None:
    with pytest.raises(FilterError):
        compile_expression(f"true ? nil : ({text})", ENVIRONMENT)


NOT_OFFERED = ["b'bytes'", 'b"x"', "len", "yes", "secret", "let secret = 1; 2", "now()"]


@pytest.mark.parametrize("text", NOT_OFFERED)
def test_what_the_original_has_and_we_do_not(text: str) -> None:
    with pytest.raises(FilterError):
        _value(text)


FAILING = [
    *("thing + 1", "thing.text - 1", "thing and yes('x')", "not thing", "-thing.text", "thing > 1"),
    *("thing.size % 2", "thing in 'a' + thing.text", "thing.size contains 'a'", "thing.x.y"),
    *(
        "words[5]",
        "words[-3]",
        "thing.size.x",
        "thing.size[0]",
        "thing ? 1 : 2",
        "any(words, thing)",
    ),
    *("thing.size in ['a']", "thing matches 'a'", "'a' matches thing.text + '('", "1 % len([])"),
    *(
        "upper(thing)",
        "int('x')",
        "int(thing.x)",
        "float('x')",
        "repeat('a', -1)",
        "split(thing, '')",
    ),
    *(
        "join([1])",
        "sort([1, 'a'])",
        "sort(words, 'up')",
        "sortBy(words, #, 'up')",
        "reduce([], #)",
    ),
    *("fromJSON('{')", "fromJSON('1e999')", "fromJSON('NaN')", "fromBase64('?')", "toJSON(1 / 0)"),
    *(
        "take(words, -1)",
        "fromPairs([1])",
        "keys(thing.size)",
        "thing()",
        "thing.a()",
        "missing(1)",
    ),
    *(
        "bitshl(1, -1)",
        "bitand(thing.size, 1)",
        "max(1, words)",
        "mean('a', thing)",
        "{(thing): 1}",
    ),
    *(
        "words[nothing:]",
        "sum(words)",
        "thing.size..3 == thing.text..1",
        "toJSON(groupBy(words, #))",
    ),
]


@pytest.mark.parametrize("text", FAILING)
def test_wrong_values_fail_when_they_are_met(text: str) -> None:
    with pytest.raises(FilterError):
        _value(text)
