"""Texts and numbers as Go has them."""

import math

import pytest

from choria_core.filters.go_text import (
    equal_fold,
    number_text,
    parse_float,
    printed_number,
    to_lower,
    to_upper,
    truncate,
    wrap,
)
from choria_core.filters.limits import FilterError


@pytest.mark.parametrize(
    ("number", "as_json", "printed"),
    [
        (1.0, "1", "1"),
        (-0.0, "-0", "-0"),
        (12.5, "12.5", "12.5"),
        (123456.0, "123456", "123456"),
        (1234567.0, "1234567", "1.234567e+06"),
        (1e20, "100000000000000000000", "1e+20"),
        (1e21, "1e+21", "1e+21"),
        (0.00012, "0.00012", "0.00012"),
        (0.000012, "0.000012", "1.2e-05"),
        (1.5e-7, "1.5e-7", "1.5e-07"),
        (-2.5e-300, "-2.5e-300", "-2.5e-300"),
    ],
)
def test_numbers_as_text(number: float, as_json: str, printed: str) -> None:
    assert number_text(number) == as_json
    assert printed_number(number) == printed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1e3", -1000.0),
        ("0x1p4", 16.0),
        ("Inf", math.inf),
        ("1_0.5", 10.5),
    ],
)
def test_floats_that_are_read(text: str, value: float) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize(
    "text", ["", ".", "1e", "1 ", "1e999", "0x1", "1__0", "_1", "1_", "1_.5", "\u0661", "0x1p9999"]
)
def test_floats_that_are_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_float(text)


def test_case_is_changed_character_by_character() -> None:
    assert to_upper("straße ŉ é") == "STRAßE ŉ É"
    assert to_lower("ΟΔΟΣ İ") == "οδοσ i"
    assert equal_fold("ΟΔΟΣ", "οδος")
    assert not equal_fold("ß", "ss")


def test_integers_have_64_bits() -> None:
    assert wrap(2**63) == -(2**63)
    assert wrap(-(2**63) - 1) == 2**63 - 1
    assert truncate(-1.9) == -1
    assert truncate(1e19) == truncate(math.nan) == -(2**63)
