"""What lessons need: the project's own code shown in place, and exercises that check themselves."""

import inspect
import math
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from speechlab.display.page import Html, escape
from speechlab.errors import SpeechlabError

TOLERANCE = 0.01  # relative; an answer rounded to three digits passes


class Source(Html):
    """Code of the package, highlighted by the notebook's own theme where it reads Markdown."""

    def __init__(self, code: str, place: str):
        super().__init__(f"<p><small>{escape(place)}</small></p><pre>{escape(code)}</pre>")
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "place", place)

    def _repr_html_(self) -> None:
        """Leave it to the Markdown: front ends prefer HTML, and would show it without colours."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        markdown = f"<small>{escape(self.place)}</small>\n\n```python\n{self.code}\n```"
        return {"text/markdown": markdown, "text/plain": f"# {self.place}\n{self.code}"}


def show_source(thing: Any) -> Source:
    """Show the source of a function, class, method or module of the package where a lesson speaks of it."""
    thing = inspect.unwrap(thing) if callable(thing) else thing
    try:
        lines, first = inspect.getsourcelines(thing)
        path = Path(inspect.getsourcefile(thing) or "")
    except (OSError, TypeError) as error:
        raise SpeechlabError(
            f"there is no Python source of {thing!r}; name a function, class or module of the package"
        ) from error
    top = next((name for name in ("studies", "speechlab") if name in path.parts), path.name)
    parts = path.parts[len(path.parts) - 1 - path.parts[::-1].index(top) :]  # a checkout may be called speechlab too
    return Source(textwrap.dedent("".join(lines)).rstrip(), f"{'/'.join(parts)}, line {max(first, 1)}")


def check(answer: Any, question: str, expected: Any | Callable[[Any], bool]) -> None:
    """Say whether the answer to an exercise is right; ``None`` or ``...`` is one not given yet.

    Args:
        expected: the answer, or a function that tells whether one is right. Numbers may differ by 1 %.
    """
    if answer is None or answer is ...:
        print(f"Your turn: {question}?")
        return
    right, hint = judge(answer, expected)
    if callable(answer):  # a function or class that the reader wrote
        print(f"Right: {question}: yes" if right else f"Not yet: {question}: no")
        return
    print(f"Right: {question} = {answer}" if right else f"Not yet: {question} is not {answer}{hint}")


def judge(answer: Any, expected: Any) -> tuple[bool, str]:
    """Whether the answer is right, and a hint where it is a wrong number."""
    if callable(expected):
        return bool(expected(answer)), ""
    if isinstance(expected, list | tuple):
        same = isinstance(answer, list | tuple) and len(answer) == len(expected)
        return same and all(judge(*pair)[0] for pair in zip(answer, expected, strict=True)), ""
    try:
        given, wanted = float(answer), float(expected)
    except (TypeError, ValueError):
        return str(answer).strip().casefold() == str(expected).strip().casefold(), ""
    if math.isclose(given, wanted, rel_tol=TOLERANCE, abs_tol=1e-9):
        return True, ""
    return False, " (too small)" if given < wanted else " (too large)"
