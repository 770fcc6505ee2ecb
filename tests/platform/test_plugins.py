from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from deepfield_flowers import Flowers
from deepfield_flowers.deck import Deck

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.errors import ContractError, NotFoundError
from deepfield.fields import Image, Key, Label, Polylines
from deepfield.hookspecs import hookimpl
from deepfield.plugins import Registry
from deepfield.table import Table
from deepfield.views import View
from deepfield.writers import Writer
from deepfield_medical_imaging.synthesis import generators


class Gives:
    """A plugin that registers what it is given."""

    def __init__(self, domains=(), datasets=(), formats=(), views=(), writers=()):
        self.register_domains = hookimpl(lambda: list(domains), specname="register_domains")
        self.register_datasets = hookimpl(lambda: list(datasets), specname="register_datasets")
        self.register_sources = hookimpl(lambda: list(formats), specname="register_sources")
        self.register_views = hookimpl(lambda: list(views), specname="register_views")
        self.register_sinks = hookimpl(lambda: list(writers), specname="register_sinks")


PETALS = View("petals", "flowers", "Petals", "deepfield_flowers.petals:show")


BOUQUET = Writer(
    "bouquet", "flowers", "Bouquet", ".bouquet.txt", "deepfield_flowers.bouquet:Bouquet"
)


class Shadowing(Options):
    output: int = 1


def make(**changes) -> Domain:
    body = {
        "name": "echo",
        "title": "Echo",
        "question": "What was said?",
        "inputs": Table(Key("word")),
        "outputs": Table(Label("said")),
        "models": (ModelSpec("plain", "ANN", "nowhere.echo:Plain"),),
        "samples": lambda self: pd.DataFrame({"word": ["a", "b"]}),
    }
    return type("Echo", (Domain,), body | changes)()


def test_register_domains():
    registry = Registry()
    registry.add(Gives([Flowers()]), "flowers")
    assert list(registry.domains) == ["flowers"]


def test_register_datasets():
    registry = Registry()
    registry.add(Gives(datasets=[generators()[0]]), "drawings")
    assert list(registry.datasets) == ["synthetic-chest-xray"]


def test_register_sources():
    deck = Deck()
    registry = Registry()
    registry.add(Gives(formats=[deck]), "decks")
    taker = make(inputs=Table(Image("image")), formats=("deck", "not installed"))
    assert registry.formats_for(taker).all == (deck,)
    assert registry.formats_for(make(inputs=Table(Image("image")))).all == ()


def test_register_views():
    registry = Registry()
    registry.add(Gives([Flowers()], views=[PETALS]), "flowers")
    leaves = replace(PETALS, name="leaves")
    elsewhere = replace(PETALS, domain="not-installed")
    registry.add(Gives(views=[leaves, elsewhere]), "others")
    assert registry.views_for(Flowers()) == [PETALS, leaves]
    assert registry.views_for(make()) == []
    of_models = replace(PETALS, name="ask", of="model")
    registry.add(Gives(views=[of_models]), "askers")
    assert registry.views_for(Flowers(), of="model") == [of_models]
    assert registry.views_for(Flowers()) == [PETALS, leaves]
    assert PETALS.load().__name__ == "show"


def test_register_sinks():
    registry = Registry()
    registry.add(Gives([Flowers()], writers=[BOUQUET]), "flowers")
    assert registry.formats_for(Flowers()).writers == (BOUQUET,)
    assert registry.formats_for(make()).writers == ()
    with pytest.raises(
        ContractError, match="writer name 'flowers/bouquet' of plugin 'second' is taken by"
    ):
        registry.add(Gives(writers=[BOUQUET]), "second")
    other = replace(BOUQUET, name="other")
    with pytest.raises(ContractError, match="ending of results 'flowers/.bouquet.txt' of plugin"):
        registry.add(Gives(writers=[other]), "second")
    registry.add(Gives(writers=[replace(BOUQUET, domain="trees")]), "third")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "Bouquet"}, "writer 'Bouquet': the name is not of the form 'heat-map'"),
        ({"title": ""}, "writer 'bouquet' lacks 'title', a str"),
        ({"suffix": "txt"}, "the ending 'txt' is not of the form '.marks.json'"),
        ({"suffix": ".csv"}, "the ending '.csv' is written by the core itself"),
        ({"open": "bouquet"}, "'bouquet' is not of the form 'package.module:Class'"),
    ],
)
def test_wrong_writer_is_one_sentence(changes, sentence):
    with pytest.raises(ContractError, match=sentence):
        Registry().add(Gives(writers=[replace(BOUQUET, **changes)]), "wrong")
    with pytest.raises(ContractError, match="which is no Writer"):
        Registry().add(Gives(writers=["bouquet"]), "wrong")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "Petals"}, "view 'Petals': the name is not of the form 'heat-map'"),
        ({"name": "rows"}, "view 'rows': this is the name of the table of all rows"),
        ({"title": ""}, "view 'petals' lacks 'title', a str"),
        ({"of": "page"}, "view 'petals' is of 'page'; a view is of a 'run' or of a 'model'"),
        (
            {"name": "card", "of": "model"},
            "view 'card': this is the name of a tab that every page may have",
        ),
        ({"opens": True}, "view 'petals': a page opens with a view of a 'model', which needs no"),
        ({"domain": None}, "view 'petals' lacks 'domain', a str"),
        ({"icon": "flower"}, "the icon 'flower' is not of the form ':material/name:'"),
        ({"show": "petals.show"}, "'petals.show' is not of the form 'package.module:function'"),
    ],
)
def test_wrong_view_is_one_sentence(changes, sentence):
    with pytest.raises(ContractError, match=sentence):
        Registry().add(Gives(views=[replace(PETALS, **changes)]), "wrong")
    with pytest.raises(ContractError, match="which is no View"):
        Registry().add(Gives(views=["petals"]), "wrong")


def test_view_whose_name_is_taken_in_its_domain_is_refused():
    registry = Registry()
    registry.add(Gives(views=[PETALS]), "first")
    with pytest.raises(
        ContractError, match="view name 'flowers/petals' of plugin 'second' is taken by"
    ):
        registry.add(Gives(views=[PETALS]), "second")
    registry.add(Gives(views=[replace(PETALS, domain="trees")]), "third")


def test_view_without_its_function_is_one_sentence():
    with pytest.raises(ContractError, match="'deepfield_flowers.petals:draw' is no function"):
        replace(PETALS, show="deepfield_flowers.petals:draw").load()


def test_format_whose_name_or_ending_is_taken_is_refused():
    registry = Registry()
    registry.add(Gives(formats=[Deck()]), "first")
    with pytest.raises(ContractError, match="format name 'deck' of plugin 'second' is taken by"):
        registry.add(Gives(formats=[Deck()]), "second")
    other = type("Other", (Deck,), {"name": "other"})()
    with pytest.raises(ContractError, match="file ending '.deck' of plugin 'second' is taken by"):
        registry.add(Gives(formats=[other]), "second")
    assert list(registry.formats) == ["video", "deck"]


@pytest.mark.parametrize("domain_first", [True, False])
def test_option_of_a_domain_and_of_its_format_is_refused_by_name(domain_first):
    class Brightness(Options):
        brightness: int = 1

    taker = make(inputs=Table(Image("image")), formats=("deck",), Options=Brightness)
    plugins = [Gives([taker]), Gives(formats=[Deck()])]
    registry = Registry()
    first, second = plugins if domain_first else reversed(plugins)
    registry.add(first, "first")
    with pytest.raises(ContractError, match="both have an option 'brightness'"):
        registry.add(second, "second")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"suffixes": ("deck",)}, "no tuple of endings"),
        ({"suffixes": (".zip",)}, "'.zip' is read by the core itself"),
        ({"title": None}, "lacks 'title'"),
        ({"Options": Shadowing}, "'output' is an argument of scoring itself"),
    ],
)
def test_wrong_format_is_one_sentence(changes, sentence):
    with pytest.raises(ContractError, match=sentence):
        Registry().add(Gives(formats=[type("Wrong", (Deck,), changes)()]), "wrong")
    with pytest.raises(ContractError, match="which is no Format"):
        Registry().add(Gives(formats=["deck"]), "wrong")


def test_taken_name_is_an_error_that_names_both_plugins():
    registry = Registry()
    registry.add(Gives([Flowers()]), "first")
    with pytest.raises(
        ContractError, match="'flowers' of plugin 'second' is taken by plugin 'first'"
    ):
        registry.add(Gives([make(), Flowers()]), "second")
    assert list(registry.domains) == ["flowers"], "a plugin is taken whole or not at all"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "Echo Domain"}, "not of the form"),
        ({"title": None}, "lacks 'title'"),
        ({"inputs": Table()}, "lacks 'inputs'"),
        ({"outputs": Table(Label("trust"))}, "may not be named 'trust'"),
        ({"outputs": Table(Label("word"))}, "may not be named 'word'"),
        ({"models": ()}, "lacks 'models'"),
        ({"models": (ModelSpec("plain", "ANN", "no colon"),)}, "not of the form"),
        (
            {"models": (ModelSpec("a", "ANN", "m:A"), ModelSpec("a", "ANN", "m:B"))},
            "two models 'a'",
        ),
        ({"Options": dict}, "no pydantic model"),
        ({"name": "runs"}, "one of the dashboard's own pages"),
        ({"formats": ("deck",)}, "has no one picture column"),
        ({"icon": "rocket"}, "not of the form ':material/name:'"),
        ({"outputs": Table(Polylines("edges", of="scene"))}, "'scene', which is no picture"),
        ({"inputs": Table(Image("image")), "overlay": "draw"}, "'draw' is not of the form"),
        ({"overlay": "a.b:draw"}, "has an overlay, and no one picture column"),
        ({"Options": Shadowing}, "'output' is an argument of scoring itself"),
    ],
)
def test_wrong_contract_is_one_sentence(changes, sentence):
    with pytest.raises(ContractError, match=sentence):
        Registry().add(Gives([make(**changes)]), "echo")


def test_what_is_no_domain_is_refused():
    with pytest.raises(ContractError, match="which is no Domain"):
        Registry().add(Gives(["flowers"]), "echo")


def test_misspelt_hook_and_empty_plugin_are_refused():
    class Misspelt:
        @hookimpl
        def register_domain(self):
            return [Flowers()]

    with pytest.raises(Exception, match="register_domain"):
        Registry().add(Misspelt(), "misspelt")
    with pytest.raises(
        ContractError, match="registers no domain, no dataset, no format, no view and no writer"
    ):
        Registry().add(Gives(), "empty")


def test_hook_that_raises_leaves_the_others_alone():
    class Broken:
        @hookimpl
        def register_domains(self):
            raise RuntimeError("no licence found")

    registry = Registry()
    registry.add(Gives([Flowers()]), "flowers")
    with pytest.raises(RuntimeError):
        registry.add(Broken(), "broken")
    registry.add(Gives([make()]), "echo")
    assert sorted(registry.domains) == ["echo", "flowers"]


def test_unknown_domain_is_one_sentence_with_the_nearest_name():
    registry = Registry()
    registry.add(Gives([Flowers()]), "flowers")
    with pytest.raises(NotFoundError) as caught:
        registry.domain("flower")
    assert str(caught.value) == (
        "No domain named 'flower'. Did you mean 'flowers'? Known: flowers."
    )


def test_of_many_names_a_few_are_told():
    error = NotFoundError.among("document", "moss", (f"{number:03}.md" for number in range(1000)))
    assert str(error).endswith("028.md, 029.md and 970 more.")


def test_listing_domains_imports_no_framework():
    code = (
        "import sys; from deepfield.plugins import Registry; "
        "assert 'medical-imaging' in Registry.discover().domains; "
        "heavy = {'torch', 'timm', 'streamlit', 'openvino', 'pydicom', 'nibabel', 'imagecodecs'}; "
        "heavy |= {'av', 'cv2'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_deepfield_is_quick_and_light():
    code = (
        "import sys, deepfield; "
        "heavy = {'torch', 'pandas', 'numpy', 'pydantic', 'streamlit'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
