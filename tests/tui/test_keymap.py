import pytest

from cronsole.errors import ConfigError
from cronsole_tui.keymap import ACTIONS, Scope, of_scopes, overlaps, remapped, spoken


def test_no_key_does_two_things_in_one_place() -> None:
    assert overlaps(ACTIONS) == []


def test_no_key_is_one_that_terminals_keep_for_themselves() -> None:
    keys = {key for action in ACTIONS for key in action.keys}
    assert not keys & {"ctrl+s", "ctrl+q", "ctrl+z"}
    assert not {key for key in keys if key.startswith("alt+") or (key[0] == "f" and key[1:].isdigit())}


def test_every_name_is_given_once() -> None:
    names = [action.name for action in ACTIONS]
    assert len(names) == len(set(names))


def test_a_user_may_choose_other_keys() -> None:
    actions = {action.name: action for action in remapped({"trigger": "!", "filter": ["/", "ctrl+f"]})}
    assert actions["trigger"].keys == ("exclamation_mark",)
    assert actions["filter"].keys == ("slash", "ctrl+f")


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"triger": "t"}, "keys.triger: no action is called so; trigger is"),
        ({"trigger": "p"}, "keys.pause: p is trigger already"),
        ({"trigger": "q"}, "keys.trigger: q is quit already"),
        ({"trigger": "f5"}, "keys.trigger: f5 is a function key, which many terminals keep"),
        ({"trigger": "ctrl+z"}, "keys.trigger: ctrl+z is kept by terminals for themselves"),
        ({"trigger": "alt+t"}, "keys.trigger: alt+t does not come through every terminal"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(wishes: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        remapped(wishes)
    assert told in caught.value.problems


def test_places_that_never_meet_may_share_a_key() -> None:
    assert [action.name for action in ACTIONS if "w" in action.keys] == ["why", "run_why", "wrap"]


def test_the_actions_of_a_place_keep_the_order_of_the_table() -> None:
    names = [action.name for action in of_scopes(ACTIONS, (Scope.RUNS, Scope.TABLE))]
    assert names.index("down") < names.index("run_log")


def test_keys_are_written_as_people_know_them() -> None:
    assert [spoken(key) for key in ("slash", "question_mark", "j", "ctrl+d")] == ["/", "?", "j", "ctrl+d"]


@pytest.mark.parametrize("sign", list("!@#$%^&_|~;',.<>=\"`\\(){}"))
def test_a_sign_may_be_a_key_and_is_known_as_the_terminal_names_it(sign: str) -> None:
    from textual.keys import _character_to_key

    (key,) = next(action.keys for action in remapped({"trigger": sign}) if action.name == "trigger")
    assert key == _character_to_key(sign)
    assert spoken(key) == sign


@pytest.mark.parametrize("key", ["space", "enter", "tab", "backspace", "delete", "home", "end", "a", "G"])
def test_a_key_with_a_name_keeps_it(key: str) -> None:
    assert spoken(key) == key
