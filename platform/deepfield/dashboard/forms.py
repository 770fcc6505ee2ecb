"""Forms that a domain describes: its options, from their pydantic model, and its examples."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deepfield.dashboard.labelled_form import on_this_machine
from deepfield.domain import Domain
from deepfield.formats import Formats

__all__ = ["chosen_file", "form_of", "options_form"]


def options_form(domain: Domain, formats: Formats, key: str = "") -> dict[str, Any]:
    """Draw one widget for each option of a domain and its formats; return what they are set to.

    Args:
        key: of the widgets, if the page has another such form.
    """
    key = key or f"{domain.name}-option"
    return _form(domain.Options.model_fields | formats.fields, key)


def form_of(options: type[BaseModel], key: str) -> dict[str, Any]:
    """Draw one widget for each field of a pydantic model and return what they are set to."""
    return _form(options.model_fields, key)


def _form(fields: Mapping[str, FieldInfo], key: str) -> dict[str, Any]:
    return {
        name: _widget(f"{key}-{name}", name, field)
        for name, field in fields.items()
        if on_this_machine() or not _is_local(field)
    }


def _is_local(field: FieldInfo) -> bool:
    """Return whether an option names what lies on this machine, or makes it ask the network."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("local"))


def _widget(key: str, name: str, field: FieldInfo) -> Any:
    label = field.title or name.replace("_", " ").capitalize()
    kind, default = field.annotation, field.get_default(call_default_factory=True)
    if kind is bool:
        return st.toggle(label, default, key=key, help=field.description)
    if get_origin(kind) is Literal:
        values = list(get_args(kind))
        return st.selectbox(label, values, values.index(default), key=key, help=field.description)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        members = list(kind)
        return st.selectbox(
            label,
            members,
            members.index(default),
            key=key,
            help=field.description,
            format_func=lambda member: str(member.value),
        )
    if kind in (int, float):
        least, most = (None if end is None else kind(end) for end in _bounds(field))
        if least is not None and most is not None:
            # A two-hundredth of the range, rounded to something that a person would type.
            step = 1 if kind is int else float(f"{(most - least) / 200:.0e}")
            shown = "%d" if kind is int else f"%.{max(0, -math.floor(math.log10(step)))}f"
            return st.slider(
                label, least, most, kind(default), step, shown, key=key, help=field.description
            )
        return st.number_input(label, least, most, kind(default), key=key, help=field.description)
    if kind is date:
        return st.date_input(label, default, key=key, help=field.description)
    return st.text_input(label, default, key=key, help=field.description)


def _bounds(field: FieldInfo) -> tuple[Any, Any]:
    """Return the least and the greatest value that a field takes, or None."""
    found = {
        name: getattr(each, name)
        for each in field.metadata
        for name in ("ge", "le")
        if hasattr(each, name)
    }
    return found.get("ge"), found.get("le")


def chosen_file(domain: Domain) -> Path | None:
    """Draw a button for each example that is a file; return the one that was pressed."""
    pressed = [
        file
        for title, file in domain.example_files().items()
        if st.button(title, icon=":material/science:", key=f"{domain.name}-{file.name}")
    ]
    return pressed[0] if pressed else None
