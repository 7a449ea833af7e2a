"""Read YAML that a person wrote: nothing in it may grow, vanish or be taken for something else."""

import re
from typing import Any

import yaml

NULL = "tag:yaml.org,2002:null"

_HALF = re.compile("[\ud800-\udfff]")


class _Careful(yaml.SafeLoader):
    """Refuse aliases, with which a few lines become gigabytes, and keys that stand twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node that is none of those written before."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.YAMLError(f"*{event.anchor}: aliases are not read; write it out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping whose keys are all different."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.YAMLError(f"the key {key.value!r} stands there twice")
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        """Construct a text; JSON escapes what lies beyond the first plane, as 𠮷, in two halves."""
        text = str(super().construct_scalar(node))
        if not _HALF.search(text):
            return text
        return text.encode("utf-16", "surrogatepass").decode("utf-16")


class _Words(_Careful):
    """Take every scalar for the text that it is: ``no`` is a word and 0123 a number of a file."""


_Words.yaml_implicit_resolvers = {
    first: kept
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    if (kept := [(tag, pattern) for tag, pattern in resolvers if tag == NULL])
}


def read_yaml(text: str, *, words: bool = False) -> Any:  # noqa: ANN401 whatever stands there
    """Read a text as plain YAML or JSON.

    Args:
        text: of the file.
        words: numbers, days and ``yes`` or ``no`` stay the texts that they are.

    Raises:
        yaml.YAMLError: when it is none, uses an alias, repeats a key or is nested too deep.

    >>> read_yaml("a: 0123"), read_yaml("a: 0123", words=True), read_yaml("a: ~", words=True)
    ({'a': 83}, {'a': '0123'}, {'a': None})
    """
    try:
        return yaml.load(text, _Words if words else _Careful)  # noqa: S506 both are SafeLoaders
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deep") from error
    except (ValueError, TypeError) as error:  # 2024-02-30 taken for a day, or half a character
        raise yaml.YAMLError(str(error)) from error
