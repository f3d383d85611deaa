"""The page of one plugin, read again each second while it is looked at."""

from typing import ClassVar

from cronsole.model.plugin import PluginDetail
from cronsole_tui.plugin_verbs import OF_PLUGINS, in_force
from cronsole_tui.scene import Scene
from cronsole_tui.screens.detail_pages import ReadPage
from cronsole_tui.screens.page import Text
from cronsole_tui.views import plugin_page
from cronsole_tui.views.plugin_page import Seen


class PluginScreen(ReadPage):
    """Everything about one plugin; the verbs of their table hold here too, and enter opens one of its schedules."""

    ACTIONS: ClassVar[tuple[str, ...]] = (*ReadPage.ACTIONS, "open", "copy", *sorted(OF_PLUGINS))

    def __init__(self, scene: Scene, host: str, name: str) -> None:
        super().__init__(scene, host, self._everything, kind="plugin", named=name)
        self._key = (host, name)
        self._detail: PluginDetail | None = None

    async def _everything(self) -> Text:
        host, name = self._key
        detail = self._detail = await self.scene.client(host).plugins.show(name)
        return lambda width: self._lines(detail, width)

    def _lines(self, detail: PluginDetail, width: int) -> plugin_page.Page:
        scene, host = self.scene, self.host
        known = {entry.schedule.id: entry.schedule for entry in in_force(detail, host, scene.fleet)}
        seen = Seen(width, scene.now(), scene.zone, scene.ascii_only)
        return plugin_page.page(detail, known, seen, asked=self.app.plugin_verbs.asked.get(self._key))

    def action_act(self, name: str) -> None:
        if name in OF_PLUGINS:
            self.app.plugin_verbs.do(name, self._key)
        else:
            super().action_act(name)

    def do_open(self) -> None:
        if self._detail is not None:
            self.app.plugin_verbs.open_schedule(self.host, self._detail)

    def do_copy(self) -> None:
        self.app.copy(self._key[1])
