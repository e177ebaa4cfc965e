"""Dates of templates."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from choria_playbooks.templates.dialect import LEGACY
from choria_playbooks.templates.marker import Marker, parse_text
from choria_playbooks.templates.resolver import date_text
from choria_playbooks.templates.strftime import strftime

WEST = timezone(-timedelta(hours=3, minutes=30))
MOMENT = datetime(2026, 3, 5, 4, 7, 9, 123456, tzinfo=WEST)

RUBY = (
    ("%Y-%m-%d %H:%M:%S", "2026-03-05 04:07:09"),
    ("%F %T %D %R", "2026-03-05 04:07:09 03/05/26 04:07"),
    ("%-d %e %_m %-m %03d %-H", "5  5  3 3 005 4"),
    ("%a %A %^a %b %B %^B %h", "Thu Thursday THU Mar March MARCH Mar"),
    ("%p %P %#p %I %l %k", "AM am am 04  4  4"),
    ("%L %N %3N %6N %1N", "123 123456000 123 123456 1"),
    ("%z %:z %::z %:::z %-z", "-0330 -03:30 -03:30:00 -03:30 -330"),
    ("%s %j %U %W %V %G %g %u %w %C %y", "1772696229 064 09 09 10 2026 26 4 4 20 26"),
    ("%c", "Thu Mar  5 04:07:09 2026"),
    ("%x %X %r %v", "03/05/26 04:07:09 04:07:09 AM  5-MAR-2026"),
    ("%10A|%010Y|%-y|%%|%n|%t", "  Thursday|0000002026|26|%|\n|\t"),
    ("%Q %: % %", "%Q %: % %"),
)


@pytest.mark.parametrize(("form", "text"), RUBY)
def test_formats_mean_what_ruby_means(form: str, text: str) -> None:
    assert strftime(MOMENT, form) == text


def test_dates_are_told_here_or_in_utc() -> None:
    here, there = parse_text("{{ date('%F %H%z') }}{{ utc_date('%F %H%z %Z') }}", LEGACY)

    assert isinstance(here, Marker)
    assert isinstance(there, Marker)
    assert date_text(here, MOMENT) == "2026-03-05 04-0330"
    assert date_text(there, MOMENT) == "2026-03-05 07+0000 UTC"


@given(
    st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([*"aAbBdHIjmMSUwWyYGVupeFTDR%"]),
)
def test_common_formats_are_those_of_python(moment: datetime, what: str) -> None:
    assert strftime(moment, f"%{what}") == moment.strftime(f"%{what}")


@given(st.datetimes(timezones=st.timezones()), st.text(alphabet="%-0^#_:+9 aAzZsLNcpY'"))
def test_any_format_gives_a_text(moment: datetime, form: str) -> None:
    assert isinstance(strftime(moment, form), str)
