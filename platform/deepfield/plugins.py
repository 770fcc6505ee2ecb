"""Find plugins, take what they register, and keep what went wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import pluggy

from deepfield import hookspecs
from deepfield.dataset import Dataset
from deepfield.domain import Domain, check_domain
from deepfield.errors import ContractError, NotFoundError
from deepfield.formats import Format, Formats, check_format
from deepfield.video import Video
from deepfield.views import View, ViewOf, check_view
from deepfield.writers import Writer, check_writer

__all__ = ["Failure", "Registry"]


@dataclass(frozen=True)
class Failure:
    """A plugin that is installed and does not work."""

    plugin: str
    reason: str
    error: BaseException


class Registry:
    """The domains, datasets, formats, views and writers of all plugins that work."""

    def __init__(self) -> None:
        self.domains: dict[str, Domain] = {}
        self.datasets: dict[str, Dataset] = {}
        video = Video()
        self.formats: dict[str, Format] = {video.name: video}
        self.views: list[View] = []
        self.writers: list[Writer] = []
        self.failures: list[Failure] = []
        self._owners: dict[tuple[str, str], str] = {("format name", video.name): "deepfield"}
        self._owners |= {("file ending", each): "deepfield" for each in video.suffixes}
        self._plugins = pluggy.PluginManager("deepfield")
        self._plugins.add_hookspecs(hookspecs)

    @classmethod
    def discover(cls) -> Registry:
        """Take every plugin of the entry-point group ``deepfield``, each guarded by itself."""
        registry = cls()
        for entry in sorted(entry_points(group="deepfield"), key=lambda each: each.name):
            try:
                registry.add(entry.load(), entry.name)
            except (Exception, SystemExit) as error:  # a plugin may raise anything at all
                registry.failures.append(Failure(entry.name, _sentence(error), error))
        return registry

    def add(self, plugin: Any, name: str) -> None:
        """Take all that a plugin registers, or nothing of it.

        Raises:
            ContractError: if anything of it is not whole, or its name is taken.
        """
        try:
            self._plugins.register(plugin, name)
            self._plugins.check_pending()  # a hook of a name that does not exist
            domains = self._called("register_domains", plugin)
            datasets = self._called("register_datasets", plugin)
            formats = self._called("register_sources", plugin)
            views = self._called("register_views", plugin)
            writers = self._called("register_sinks", plugin)
            if not any((domains, datasets, formats, views, writers)):
                raise ContractError(
                    "it registers no domain, no dataset, no format, no view and no writer"
                )
            for domain in domains:
                check_domain(domain)
            for dataset in datasets:
                if not isinstance(dataset, Dataset):
                    raise ContractError(f"register_datasets gave {dataset!r}, which is no Dataset")
            for format in formats:
                check_format(format)
            for view in views:
                check_view(view)
            for writer in writers:
                check_writer(writer)
            names = {
                "domain name": [each.name for each in domains],
                "dataset name": [each.name for each in datasets],
                "format name": [each.name for each in formats],
                "file ending": [suffix for each in formats for suffix in each.suffixes],
                "view name": [f"{each.domain}/{each.name}" for each in views],
                "writer name": [f"{each.domain}/{each.name}" for each in writers],
                "ending of results": [f"{each.domain}/{each.suffix}" for each in writers],
            }
            for kind, taken in names.items():
                self._check_free(kind, taken, name)
            self._check_options(domains, formats)
        except Exception:
            if self._plugins.is_registered(plugin):
                self._plugins.unregister(plugin)
            raise
        self.domains.update({domain.name: domain for domain in domains})
        self.datasets.update({dataset.name: dataset for dataset in datasets})
        self.formats.update({format.name: format for format in formats})
        self.views.extend(views)
        self.writers.extend(writers)
        self._owners.update({(kind, each): name for kind, taken in names.items() for each in taken})

    def domain(self, name: str) -> Domain:
        """Return the domain of that name, or raise NotFoundError with the nearest."""
        if name in self.domains:
            return self.domains[name]
        broken = [each for each in self.failures if each.plugin == name]
        if broken:
            raise NotFoundError(f"The plugin {name!r} is installed and failed: {broken[0].reason}")
        raise NotFoundError.among("domain", name, self.domains)

    def formats_for(self, domain: Domain) -> Formats:
        """Return the formats that a domain takes, of those that are installed, and its writers."""
        writers = [each for each in self.writers if each.domain == domain.name]
        return Formats(_chosen(domain, self.formats).all, writers)

    def views_for(self, domain: Domain, of: ViewOf = "run") -> list[View]:
        """Return a domain's views of results or of models, as they were registered in order."""
        return [view for view in self.views if view.domain == domain.name and view.of == of]

    def _called(self, hook: str, plugin: Any) -> Sequence[Any]:
        """Call one hook of one plugin, so that its failure is nobody else's."""
        others = [each for each in self._plugins.get_plugins() if each is not plugin]
        answers = self._plugins.subset_hook_caller(hook, remove_plugins=others)()
        return [thing for answer in answers for thing in answer]

    def _check_free(self, kind: str, names: list[str], plugin: str) -> None:
        for name in names:
            owner = plugin if names.count(name) > 1 else self._owners.get((kind, name))
            if owner is not None:
                raise ContractError(
                    f"the {kind} {name!r} of plugin {plugin!r} is taken by plugin {owner!r}"
                )

    def _check_options(self, domains: Sequence[Domain], formats: Sequence[Format]) -> None:
        """Raise ContractError if one flag would mean two things."""
        known = self.formats | {format.name: format for format in formats}
        for domain in [*self.domains.values(), *domains]:
            owners = dict.fromkeys(domain.Options.model_fields, f"the domain {domain.name!r}")
            for format in _chosen(domain, known).all:
                for option in format.Options.model_fields:
                    if option in owners:
                        raise ContractError(
                            f"{owners[option]} and the format {format.name!r} that "
                            f"{domain.name!r} takes both have an option {option!r}"
                        )
                    owners[option] = f"the format {format.name!r}"


def _chosen(domain: Domain, formats: dict[str, Format]) -> Formats:
    return Formats(formats[name] for name in domain.formats if name in formats)


def _sentence(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return words if isinstance(error, ContractError) else f"{type(error).__name__}: {words}"
