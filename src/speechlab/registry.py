"""Names that people type, in YAML or on the command line: a decorator and a dictionary per kind."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from speechlab.errors import SpeechlabError


class Registry(dict[str, Any]):
    """A dictionary from registered names to classes or functions of one kind."""

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind

    def register(self, name: str) -> Callable[[Any], Any]:
        """Give the decorated class or function this name."""

        def add(thing: Any) -> Any:
            if name in self:
                raise ValueError(f"the {self.kind} {name!r} is registered twice")
            self[name] = thing
            return thing

        return add

    def __missing__(self, name: str) -> Any:
        near = get_close_matches(name, self, n=3, cutoff=0.3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise SpeechlabError(f"no {self.kind} is called {name!r}{hint} (known: {', '.join(sorted(self))})")
