"""What a column means: its type, what it accepts, and how it is named to people and programs.

A field reads one value (or a whole column) and either returns it as a model wants it or says in
half a sentence what is wrong: ``holds 'twelve', which is not a number``.
"""

from deepfield.fields.boolean import Boolean
from deepfield.fields.field import Field, Problems, printable, quoted
from deepfield.fields.image import Image
from deepfield.fields.number import Number, Probability, Score
from deepfield.fields.polylines import Points, Polylines
from deepfield.fields.records import Ranking, Records
from deepfield.fields.timestamp import Timestamp
from deepfield.fields.words import Category, Key, Label, Text

__all__ = [
    "Boolean",
    "Category",
    "Field",
    "Image",
    "Key",
    "Label",
    "Number",
    "Points",
    "Polylines",
    "Probability",
    "Problems",
    "Ranking",
    "Records",
    "Score",
    "Text",
    "Timestamp",
    "printable",
    "quoted",
]
