"""Names that people type, in YAML or on the command line: a decorator and a dictionary per kind."""

from collections.abc import Callable
from typing import Any

from speechlab.errors import SpeechlabError, did_you_mean


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
        known = ", ".join(sorted(self))
        raise SpeechlabError(f"no {self.kind} is called {name!r}{did_you_mean(name, self)} (known: {known})")
