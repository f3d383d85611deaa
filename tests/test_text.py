import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cronsole.model.instant import DAY, HOUR, MINUTE, SECOND
from cronsole.text import ago, human_duration, pad, plural, safe, truncate, until, width

anything = st.text(alphabet=st.characters())
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(anything)
def test_no_control_character_survives(text):
    assert not [char for char in safe(text) if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}]


@given(anything)
def test_no_bidirectional_control_survives(text):
    assert not set(safe(text + BIDI)) & set(BIDI)


@given(anything)
def test_newlines_and_tabs_may_stay_and_nothing_else(text):
    kept = safe(text + "\n\t\x1b", keeps_breaks=True)
    assert {char for char in kept if unicodedata.category(char) == "Cc"} == {"\n", "\t"}


@given(anything)
def test_what_is_safe_stays_as_it_is(text):
    assert safe(safe(text)) == safe(text)


@given(anything)
def test_safe_text_can_be_written_anywhere(text):
    assert safe(text).encode().decode() == safe(text)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b6n", r"\x9b6n"),
        ("a\nb", r"a\x0ab"),
        ("\x7f", r"\x7f"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("Grüße, 東京 👩‍🚀", "Grüße, 東京 👩‍🚀"),
        ("[/bold]", "[/bold]"),
    ],
)
def test_controls_are_shown_as_escapes(raw, shown):
    assert safe(raw) == shown


@given(anything.map(safe), st.integers(0, 40))
def test_what_is_cut_fits(text, cells):
    assert cell_len(truncate(text, cells)) <= cells


@given(anything.map(safe), st.integers(0, 40))
def test_what_fits_is_not_cut(text, cells):
    assert truncate(text, width(text) + cells) == text


@given(anything.map(safe), st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_what_is_padded_takes_exactly_its_cells(text, cells, align):
    assert cell_len(pad(text, cells, align=align)) == cells


def test_wide_characters_take_two_cells_and_combining_ones_none():
    assert (width("東京"), width("e\u0301"), width("abc")) == (4, 1, 3)


def test_a_cut_leaves_an_ellipsis():
    assert (truncate("backup-database", 8), truncate("東京都", 4)) == ("backup-…", "東 …")


def test_numbers_are_padded_on_the_left():
    assert pad("42", 5, align="right") == "   42"


@pytest.mark.parametrize(
    ("duration_ms", "told"),
    [
        (0, "0ms"),
        (340, "340ms"),
        (SECOND, "1s"),
        (3_140, "3.1s"),
        (59_999, "59.9s"),
        (MINUTE, "1m"),
        (2 * MINUTE + 14 * SECOND, "2m 14s"),
        (HOUR + 59 * SECOND, "1h"),
        (21 * HOUR + 26 * MINUTE, "21h 26m"),
        (3 * DAY + 4 * HOUR + MINUTE, "3d 4h"),
        (-3_140, "-3.1s"),
    ],
)
def test_durations_have_their_two_largest_units(duration_ms, told):
    assert human_duration(duration_ms) == told


@pytest.mark.parametrize(
    ("passed_ms", "told"),
    [
        (0, "just now"),
        (999, "just now"),
        (14_500, "14s ago"),
        (2 * MINUTE + 59 * SECOND, "2m ago"),
        (3 * DAY, "3d ago"),
        (-5 * MINUTE, "in 5m"),
    ],
)
def test_the_past_is_told_in_one_unit(passed_ms, told):
    assert ago(0, passed_ms) == told


@pytest.mark.parametrize(
    ("left_ms", "told"),
    [
        (0, "now"),
        (1, "in 1s"),
        (13_001, "in 14s"),
        (2 * MINUTE + 14 * SECOND, "in 2m 14s"),
        (-MINUTE, "1m ago"),
    ],
)
def test_what_is_to_come_is_counted_down(left_ms, told):
    assert until(left_ms, 0) == told


def test_counts_have_their_noun():
    assert [plural(1, "run"), plural(1304, "run"), plural(2, "retry", "retries")] == [
        "1 run",
        "1,304 runs",
        "2 retries",
    ]
