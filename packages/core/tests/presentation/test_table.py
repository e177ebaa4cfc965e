"""Tables keep their columns whatever is in them."""

from choria_core.presentation.columns import down_columns, in_columns
from choria_core.presentation.fact_report import FactValue, facts_text
from choria_core.presentation.table import table


def test_a_cell_of_several_lines_makes_a_row_higher() -> None:
    shown = table(["Name", "Says"], [["a", "one\ntwo"], ["b", ""]])

    assert shown == (
        "╭──────┬──────╮\n"
        "│ Name │ Says │\n"
        "├──────┼──────┤\n"
        "│ a    │ one  │\n"
        "│      │ two  │\n"
        "│ b    │      │\n"
        "╰──────┴──────╯\n"
    )


def test_wide_characters_take_the_cells_they_need() -> None:
    shown = table(["Name"], [["日本"], ["abcd"]])

    assert "│ 日本 │\n│ abcd │\n" in shown


def test_a_title_wider_than_its_columns_widens_the_last() -> None:
    assert table(["A", "B"], [["1", "2"]], title="Counted of all") == (
        "╭────────────────╮\n"
        "│ Counted of all │\n"
        "├───┬────────────┤\n"
        "│ A │ B          │\n"
        "├───┼────────────┤\n"
        "│ 1 │ 2          │\n"
        "╰───┴────────────╯\n"
    )


def test_a_table_may_have_no_rows() -> None:
    assert table(["Sender"], []) == "╭────────╮\n│ Sender │\n├────────┤\n╰────────╯\n"


def test_names_fill_a_line_before_the_next() -> None:
    assert list(in_columns(["a", "bbb", "c", "d"], 3)) == ["    a    bbb    c", "    d"]


def test_names_fill_a_column_before_the_next() -> None:
    assert list(down_columns(["a", "b", "c"], 2, 3)) == ["    a   c  ", "    b      "]


def test_no_names_make_no_lines() -> None:
    assert list(in_columns([], 3)) == list(down_columns([], 3, 5)) == []


def test_a_very_long_cell_does_not_pad_the_others() -> None:
    long = "x" * 50_000
    rows = [[f"node{number}", "short"] for number in range(1000)]

    shown = table(["Sender", "Says"], [*rows, ["node", long]])

    assert long in shown
    assert len(shown) < len(long) + 50_000


def test_a_very_long_value_does_not_pad_the_others() -> None:
    long = "x" * 50_000
    values = [FactValue(str(number), ["one"]) for number in range(1000)]

    shown = facts_text("os", [*values, FactValue(long, ["one"])])

    assert long in shown
    assert len(shown) < len(long) + 50_000


def test_a_very_long_name_does_not_pad_the_others() -> None:
    long = "x" * 50_000

    shown = "\n".join(in_columns([*["node"] * 3000, long], 3))

    assert long in shown
    assert len(shown) < len(long) + 50_000
