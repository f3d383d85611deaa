from cronsole.cli.tables import Column, cell, fit

COLUMNS = (
    Column("STATE"),
    Column("NAME", least=8),
    Column("NEXT", rank=2, least=6),
    Column("WIDE", rank=3, from_width=110),
)
WANTED = (6, 30, 10, 5)


def test_everything_is_shown_where_there_is_room():
    assert fit(COLUMNS, WANTED, 120) == {0: 6, 1: 30, 2: 10, 3: 5}


def test_a_column_is_left_out_below_its_width():
    assert fit(COLUMNS, WANTED, 100) == {0: 6, 1: 30, 2: 10}


def test_the_widest_column_shrinks_first():
    assert fit(COLUMNS, WANTED, 40) == {0: 6, 1: 20, 2: 10}


def test_columns_of_one_width_shrink_together():
    assert fit(COLUMNS, WANTED, 26) == {0: 6, 1: 8, 2: 8}


def test_the_least_needed_column_goes_when_shrinking_is_not_enough():
    assert fit(COLUMNS, WANTED, 20) == {0: 6, 1: 12}


def test_a_column_without_content_is_not_shown():
    assert fit(COLUMNS, (6, 30, 0, 5), 120) == {0: 6, 1: 30, 3: 5}


def test_one_column_is_shown_in_any_width():
    assert fit(COLUMNS, WANTED, 1) == {0: 6}


def test_a_cell_holds_nothing_that_a_terminal_obeys():
    assert cell("[/bold]\x1b[31m\u202e").plain == r"[/bold]\x1b[31m\u202e"
