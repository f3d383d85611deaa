from pathlib import Path

from tests.api.routes import routes

from cronsole.api.pages import with_tables

PAGE = Path(__file__).parents[2] / "docs/api.md"


def test_the_guide_says_what_the_routes_are():
    text = PAGE.read_text()
    assert with_tables(text, routes()) == text, "run: python -m cronsole.api.pages docs/api.md"
    assert all(f"`{route.method} {route.path}`" in text for route in routes())
