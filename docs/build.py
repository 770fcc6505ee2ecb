"""Put code into the guide from where it is tested: ``python docs/build.py``, or ``--check``.

A block below ``<!-- code: PATH -->`` holds that file; ``PATH#NAME`` is the function NAME of it with
its decorators.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"<!-- code: (?P<where>\S+) -->\n```(?P<language>\w+)\n.*?(?<=\n)```\n", re.S)


def code(where: str) -> str:
    """Return the code that a marker names."""
    path, _, name = where.partition("#")
    text = (ROOT / path).read_text(encoding="utf-8")
    if not name:
        return text.rstrip()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise LookupError(f"{path} has no function {name!r}")


def built(text: str) -> str:
    """Return a page with its code blocks up to date."""

    def block(match: re.Match[str]) -> str:
        where, language = match["where"], match["language"]
        return f"<!-- code: {where} -->\n```{language}\n{code(where)}\n```\n"

    return BLOCK.sub(block, text)


def stale() -> list[Path]:
    """Return the pages whose code is not what the files say."""
    pages = sorted((ROOT / "docs").glob("*.md"))
    return [page for page in pages if built(page.read_text()) != page.read_text()]


if __name__ == "__main__":
    old = stale()
    if "--check" in sys.argv:
        sys.exit(f"run python docs/build.py: {', '.join(page.name for page in old)}" if old else 0)
    for page in old:
        page.write_text(built(page.read_text()))
