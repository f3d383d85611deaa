from tests.config.writing import Folder


def task(name: str) -> str:
    return f'[[tasks]]\nid = "{name}"\ncron = "5m"\n'


def test_included_files_follow_in_the_order_of_their_names(folder: Folder):
    folder.write(task("b"), "tasks/b.toml")
    folder.write(task("a"), "tasks/a.toml")
    folder.write("tasks:\n- {id: y, cron: 5m}\n", "more.yaml")
    configuration = folder.load('include = ["tasks/*.toml", "more.yaml"]\n' + task("main"))
    assert [schedule.id for schedule in configuration.schedules] == ["main", "a", "b", "y"]
    assert [name.removeprefix(f"{folder.path}/") for name in configuration.files] == [
        "c.toml",
        "tasks/a.toml",
        "tasks/b.toml",
        "more.yaml",
    ]


def test_a_path_starts_at_the_file_that_names_it(folder: Folder):
    folder.write('include = "b.toml"\n', "sub/a.toml")
    folder.write(task("deep"), "sub/b.toml")
    assert [schedule.id for schedule in folder.load('include = "sub/a.toml"').schedules] == ["deep"]


def test_a_pattern_may_match_nothing_and_a_plain_path_must_exist(folder: Folder):
    assert folder.problems('include = ["tasks/*.toml", "more.toml"]\n') == [
        'c.toml:1: include = "more.toml": there is no such file'
    ]


def test_a_circle_is_told_with_its_chain(folder: Folder):
    folder.write('include = "c.toml"\n' + task("b"), "b.toml")
    assert folder.problems('include = "b.toml"\n' + task("a")) == [
        'b.toml:1: include = "c.toml": includes in a circle: c.toml → b.toml → c.toml'
    ]


def test_a_file_that_two_others_name_is_read_once(folder: Folder):
    folder.write('include = "shared.toml"\n', "a.toml")
    folder.write('include = "shared.toml"\n', "b.toml")
    folder.write(task("shared"), "shared.toml")
    assert len(folder.load('include = ["a.toml", "b.toml"]').schedules) == 1


def test_one_id_in_two_files_is_told_with_both_places(folder: Folder):
    folder.write(task("gc"), "b.toml")
    assert folder.problems('include = "b.toml"\n\n' + task("gc")) == [
        'b.toml:2: tasks[0] "gc": id = "gc": is already taken at c.toml:3; every task has an id of its own'
    ]


def test_what_belongs_to_the_engine_stands_in_the_main_file(folder: Folder):
    folder.write("[engine]\nmax_running = 1\n", "b.toml")
    assert folder.problems('include = "b.toml"') == [
        "b.toml:1: engine: belongs in the main file, not in an included one"
    ]


def test_the_mistakes_of_all_files_are_told_at_once(folder: Folder):
    folder.write("x = \n", "a.toml")
    folder.write(task("b") + "retry = -1\n", "b.toml")
    assert folder.problems('include = ["a.toml", "b.toml"]\n' + task("c") + "retry = -2\n") == [
        'c.toml:5: tasks[0] "c": retry = -2: is out of range; accepted is 0 to 1,000',
        "a.toml:1: TOML syntax: Invalid value (column 5)",
        'b.toml:4: tasks[0] "b": retry = -1: is out of range; accepted is 0 to 1,000',
    ]
