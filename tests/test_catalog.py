import msgspec

from cronsole.catalog import Catalog, Shadowed, Source
from cronsole.model.schedule import Origin, Schedule, SourceKind
from cronsole.model.trigger import CronSpec

FILES = Source(SourceKind.FILE, "cronsole.toml")
API = Source(SourceKind.API)
PLUGIN, OTHER = Source(SourceKind.PLUGIN, "one"), Source(SourceKind.PLUGIN, "two")


def schedule(name: str, description: str = "", *tags: str) -> Schedule:
    return Schedule(name, CronSpec("* * * * *"), description=description, tags=tags)


def ids(schedules: tuple[Schedule, ...]) -> list[str]:
    return [schedule.id for schedule in schedules]


def test_what_is_applied_is_in_force_and_found():
    catalog = Catalog()
    change = catalog.apply(FILES, [schedule("a"), schedule("b")])
    assert ids(change.added) == ["a", "b"]
    assert [found.id for found in catalog] == ["a", "b"]
    assert (len(catalog), "a" in catalog, "x" in catalog, catalog.get("x")) == (2, True, False, None)
    assert catalog.source_of("a") == FILES
    assert catalog.source_of("x") is None


def test_a_new_set_takes_the_place_of_the_old_one_of_its_source_only():
    catalog = Catalog()
    catalog.apply(API, [schedule("made")])
    catalog.apply(FILES, [schedule("a"), schedule("b", "old"), schedule("c")])
    change = catalog.apply(FILES, [schedule("b", "new"), schedule("c"), schedule("d")])
    assert (ids(change.added), ids(change.changed), ids(change.removed)) == (["d"], ["b"], ["a"])
    assert sorted(found.id for found in catalog) == ["b", "c", "d", "made"]


def test_what_did_not_change_is_kept():
    catalog = Catalog()
    catalog.apply(FILES, [schedule("a")])
    before = catalog.get("a")
    assert catalog.apply(FILES, [schedule("a")]).is_empty
    assert catalog.get("a") is before


def test_what_moved_in_its_file_knows_its_new_line():
    catalog = Catalog()
    catalog.apply(FILES, [schedule("a")])
    assert catalog.apply(FILES, [msgspec.structs.replace(schedule("a"), origin=Origin(line=9))]).is_empty
    found = catalog.get("a")
    assert found is not None
    assert found.origin.line == 9


def test_a_file_outranks_the_api_and_the_api_a_plugin():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "plugin")], priority=9999)
    assert catalog.apply(API, [schedule("a", "api")]).changed[0].description == "api"
    assert catalog.apply(FILES, [schedule("a", "file")]).changed[0].description == "file"
    assert catalog.apply(PLUGIN, [schedule("a", "plugin again")], priority=9999).is_empty
    assert [found.source for found in catalog.shadowed()] == [API, PLUGIN]


def test_of_two_plugins_the_one_with_the_higher_priority_fires_and_the_other_is_listed():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "low")], priority=10)
    catalog.apply(OTHER, [schedule("a", "high")], priority=20)
    assert catalog.source_of("a") == OTHER
    assert catalog.shadowed() == (Shadowed(schedule("a", "low"), PLUGIN, OTHER),)


def test_among_equals_who_came_first_goes_first():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "first")])
    assert catalog.apply(OTHER, [schedule("a", "second")]).is_empty
    catalog.apply(PLUGIN, [schedule("a", "first again")])
    assert catalog.source_of("a") == PLUGIN


def test_what_is_shadowed_takes_over_when_the_other_leaves():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "low")], priority=10)
    catalog.apply(OTHER, [schedule("a", "high"), schedule("b")], priority=20)
    change = catalog.apply(OTHER, [])
    assert (ids(change.changed), ids(change.removed)) == (["a"], ["b"])
    assert catalog.source_of("a") == PLUGIN
    assert catalog.shadowed() == ()


def test_a_priority_may_change_with_the_set():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "one")], priority=10)
    catalog.apply(OTHER, [schedule("a", "two")], priority=20)
    change = catalog.apply(PLUGIN, [schedule("a", "one"), schedule("z")], priority=30)
    assert (ids(change.added), ids(change.changed)) == (["z"], ["a"])
    assert catalog.source_of("a") == PLUGIN


def test_schedules_are_found_by_their_tags():
    catalog = Catalog()
    catalog.apply(FILES, [schedule("a", "", "db", "x"), schedule("b", "", "db")])
    assert ids(catalog.tagged("db")) == ["a", "b"]
    catalog.apply(FILES, [schedule("b", "", "y")])
    assert (ids(catalog.tagged("db")), ids(catalog.tagged("y"))) == ([], ["b"])


def test_one_schedule_of_a_source_is_defined_and_withdrawn_by_itself():
    catalog = Catalog()
    assert ids(catalog.define(API, schedule("a")).added) == ["a"]
    assert ids(catalog.define(API, schedule("b")).added) == ["b"]
    assert ids(catalog.define(API, schedule("a", "new")).changed) == ["a"]
    assert ids(catalog.withdraw(API, "b").removed) == ["b"]
    assert catalog.withdraw(API, "b").is_empty
    assert [(found.id, found.description) for found in catalog] == [("a", "new")]
    assert list(catalog.held(API)) == ["a"]


def test_one_that_is_withdrawn_lets_what_stood_in_its_shadow_come_into_force():
    catalog = Catalog()
    catalog.apply(PLUGIN, [schedule("a", "plugin")])
    assert catalog.define(API, schedule("a", "api")).changed[0].description == "api"
    assert catalog.withdraw(API, "a").changed[0].description == "plugin"
    assert catalog.held(API) == {}


def test_one_that_is_defined_in_the_shadow_of_a_file_changes_nothing_in_force():
    catalog = Catalog()
    catalog.apply(FILES, [schedule("a", "file")])
    assert catalog.define(API, schedule("a", "api")).is_empty
    assert [each.schedule.description for each in catalog.shadowed()] == ["api"]
    assert catalog.apply(FILES, []).changed[0].description == "api"


def test_a_copy_is_changed_by_itself():
    catalog = Catalog()
    catalog.apply(FILES, [schedule("a", "", "x")])
    catalog.define(API, schedule("b"))
    other = catalog.copy()
    other.apply(FILES, [])
    other.define(API, schedule("c"))
    assert [found.id for found in catalog] == ["a", "b"]
    assert [found.id for found in other] == ["b", "c"]
    assert list(catalog.held(API)) == ["b"]
    assert ids(catalog.tagged("x")) == ["a"]
