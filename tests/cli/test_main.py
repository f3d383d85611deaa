import subprocess
import sys
from collections.abc import Sequence

import pytest

import cronsole
from cronsole.cli.main import VERBS, main


def exit_code(args: Sequence[str]) -> object:
    with pytest.raises(SystemExit) as stop:
        main(args)
    return stop.value.code


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_one_line(flag: str, capsys: pytest.CaptureFixture[str]):
    main([flag])
    assert capsys.readouterr().out == f"cronsole {cronsole.__version__}\n"


def test_a_version_asked_for_before_a_verb_is_told_instead_of_the_verb(capsys: pytest.CaptureFixture[str]):
    assert exit_code(["--version", "simulated"]) == 0
    assert capsys.readouterr().out == f"cronsole {cronsole.__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_tells_of_every_verb(verb: str, capsys: pytest.CaptureFixture[str]):
    assert exit_code(["--help"]) == 0
    assert f"{verb:<8}  {VERBS[verb]}" in capsys.readouterr().out


def test_an_unknown_verb_is_answered_with_the_nearest_one(capsys: pytest.CaptureFixture[str]):
    assert exit_code(["nxt"]) == 2
    assert "'next'" in capsys.readouterr().err


def test_a_verb_whose_module_is_missing_says_so_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(VERBS, "vanish", "Be gone.")
    assert exit_code(["vanish"]) == 1
    assert capsys.readouterr().err == (
        "cronsole: vanish needs the module cronsole.cli.vanish, which is not installed\n"
    )


def test_the_shell_is_offered_the_verbs_that_complete_a_word():
    done = subprocess.run(
        [sys.executable, "-c", "from cronsole.cli.main import main; main()"],
        env={"_CRONSOLE_COMPLETE": "complete_bash", "COMP_WORDS": "cronsole ne", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["next"]
