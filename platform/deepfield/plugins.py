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

__all__ = ["Failure", "Registry"]


@dataclass(frozen=True)
class Failure:
    """A plugin that is installed and does not work."""

    plugin: str
    reason: str
    error: BaseException


class Registry:
    """The domains and datasets of all plugins that work."""

    def __init__(self) -> None:
        self.domains: dict[str, Domain] = {}
        self.datasets: dict[str, Dataset] = {}
        self.failures: list[Failure] = []
        self._owners: dict[tuple[str, str], str] = {}
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
            ContractError: if a domain or dataset is not whole or its name is taken.
        """
        try:
            self._plugins.register(plugin, name)
            self._plugins.check_pending()  # a hook of a name that does not exist
            domains = self._called("register_domains", plugin)
            datasets = self._called("register_datasets", plugin)
            if not domains and not datasets:
                raise ContractError("it registers no domain and no dataset")
            for domain in domains:
                check_domain(domain)
            for dataset in datasets:
                if not isinstance(dataset, Dataset):
                    raise ContractError(f"register_datasets gave {dataset!r}, which is no Dataset")
            for kind, things in (("domain", domains), ("dataset", datasets)):
                self._check_free(kind, [each.name for each in things], name)
        except Exception:
            if self._plugins.is_registered(plugin):
                self._plugins.unregister(plugin)
            raise
        self.domains.update({domain.name: domain for domain in domains})
        self.datasets.update({dataset.name: dataset for dataset in datasets})
        self._owners.update({("domain", domain.name): name for domain in domains})
        self._owners.update({("dataset", dataset.name): name for dataset in datasets})

    def domain(self, name: str) -> Domain:
        """Return the domain of that name, or raise NotFoundError with the nearest."""
        if name in self.domains:
            return self.domains[name]
        broken = [each for each in self.failures if each.plugin == name]
        if broken:
            raise NotFoundError(f"The plugin {name!r} is installed and failed: {broken[0].reason}")
        raise NotFoundError.among("domain", name, self.domains)

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
                    f"the {kind} name {name!r} of plugin {plugin!r} is taken by plugin {owner!r}"
                )


def _sentence(error: BaseException) -> str:
    words = " ".join(str(error).split())
    return words if isinstance(error, ContractError) else f"{type(error).__name__}: {words}"
