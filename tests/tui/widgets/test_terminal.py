import pytest

from cronsole_tui.widgets.terminal import Colours, colours_of, is_unicode, textual_environ


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Colours.ALL),
        ({"TERM": "xterm-256color"}, Colours.MANY),
        ({"TERM": "tmux-256color"}, Colours.MANY),
        ({"TERM": "screen"}, Colours.SIXTEEN),
        ({"TERM": "linux"}, Colours.SIXTEEN),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, Colours.SIXTEEN),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, Colours.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Colours.NONE),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, Colours.MANY),
        ({}, Colours.NONE),
    ],
)
def test_a_terminal_has_the_colours_that_its_environment_tells(environ, colours):
    assert colours_of(environ) is colours


def test_a_linux_console_is_not_trusted_with_unicode():
    assert is_unicode({"TERM": "xterm", "LANG": "de_DE.UTF-8"})
    assert not is_unicode({"TERM": "linux", "LANG": "de_DE.UTF-8"})
    assert not is_unicode({"TERM": "xterm", "LANG": "en_US.UTF-8", "LC_ALL": "C"})


def test_what_the_user_has_set_for_textual_stays():
    assert "TEXTUAL_ANIMATIONS" not in textual_environ({"TERM": "xterm", "TEXTUAL_ANIMATIONS": "full"})
