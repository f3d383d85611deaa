"""Opening the console: what hosts are called in its tables."""

from cronsole_tui.opening import name_of


def test_engines_of_one_machine_are_told_apart_by_the_folders_of_their_sockets():
    first = name_of("unix:/run/billing/cronsole.sock", [])
    assert name_of("unix:/run/shop/cronsole.sock", [first]) == f"{first} shop"


def test_folders_that_are_called_alike_are_told_apart_by_all_of_their_path():
    first = name_of("unix:/run/billing/cronsole.sock", [])
    second = name_of("unix:/a/shop/cronsole.sock", [first])
    assert name_of("unix:/b/shop/cronsole.sock", [first, second]) == f"{first} /b/shop/cronsole.sock"


def test_a_host_that_is_reached_by_ssh_is_called_as_it_was_written():
    assert name_of("ssh://ops@web-1", []) == "ops@web-1"
