"""JSON Schemas of what callers send and get, with the notes that docstrings hold on each field."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import attrs
import msgspec

from dara_fp.api.bodies import upload_fields
from dara_fp.core.check import signals
from dara_fp.core.context import given_fields
from dara_fp.core.workflow import Workflow

__all__ = ["Schemas", "body_schemas", "noted_schemas", "reachable", "signal_schemas"]

_FILE = {"type": "string", "format": "binary"}
_NOTE = re.compile(r"(\w+): (.+)")


@attrs.frozen(kw_only=True)
class Schemas:
    """Schemas of some types, in their order, and the named ones that these refer to."""

    each: tuple[dict[str, Any], ...]
    components: dict[str, dict[str, Any]]


def noted_schemas(types: Iterable[type[Any]], ref_template: str) -> Schemas:
    """Give the schemas of the attrs classes *types*, named ones at *ref_template*.

    Classes that share a name are told apart by their module.

    Raises:
        ValueError: Two classes share their module and name, too.
    """
    wanted = tuple(types)
    try:
        refs, components = msgspec.json.schema_components(wanted, ref_template=ref_template)
    except KeyError as error:
        lost = error.args[0]
        called = f"{lost.__module__}.{lost.__qualname__}"
        raise ValueError(f"two record classes are called {called}: rename one of them") from error
    prefix = ref_template.format(name="")
    noted = {name: _with_notes(schema) for name, schema in components.items()}
    named = (cast("str", ref["$ref"]).removeprefix(prefix) for ref in refs)
    return Schemas(each=tuple(noted[name] for name in named), components=noted)


def body_schemas(workflows: Iterable[Workflow[Any, Any]], ref_template: str) -> Schemas:
    """Give the schema of the body that starts each of *workflows*: fields that a caller gives.

    Raises:
        ValueError: Two classes cannot be told apart.
    """
    contexts = [each.context for each in workflows]
    found = noted_schemas(contexts, ref_template)
    bodies = tuple(_given(each, found.each[number]) for number, each in enumerate(contexts))
    prefix = ref_template.format(name="")
    return attrs.evolve(found, each=bodies, components=reachable(bodies, found.components, prefix))


def signal_schemas(workflows: Iterable[Workflow[Any, Any]], ref_template: str) -> Schemas:
    """Give, for each of *workflows*, the schemas of its signals' bodies by the signal's name.

    Raises:
        ValueError: Two classes cannot be told apart.
    """
    wanted = list(workflows)
    found = noted_schemas([each.context for each in wanted], ref_template)
    bodies = tuple(
        {
            signal: found.each[number]["properties"].get(field, {})
            for signal, field in signals(workflow.pipeline).items()
        }
        for number, workflow in enumerate(wanted)
    )
    prefix = ref_template.format(name="")
    return attrs.evolve(found, each=bodies, components=reachable(bodies, found.components, prefix))


def reachable(
    roots: object, components: Mapping[str, dict[str, Any]], prefix: str
) -> dict[str, dict[str, Any]]:
    """Give those of *components* that *roots* refer to below *prefix*, directly or not."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(_references(roots))
    while waiting:
        name = waiting.pop().removeprefix(prefix)
        if name in components and name not in found:
            found[name] = components[name]
            waiting.extend(_references(found[name]))
    return found


def _given(context: type[Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the *schema* of *context* to what a caller gives; files are binary."""
    names = given_fields(context)
    properties = {name: schema["properties"][name] for name in names}
    for name, many in upload_fields(context).items():
        kept = {key: said for key, said in properties[name].items() if key == "description"}
        properties[name] = {**({"type": "array", "items": _FILE} if many else _FILE), **kept}
    return {
        **schema,
        "properties": properties,
        "additionalProperties": False,
        "required": [name for name in schema.get("required", ()) if name in names],
    }


def _with_notes(schema: dict[str, Any]) -> dict[str, Any]:
    """Move what a class's docstring says on each attribute to the property it is about."""
    if "description" not in schema:
        return schema
    text, _, rows = schema["description"].partition("Attributes:")
    noted = {**schema, "description": inspect.cleandoc(text.partition(">>>")[0]).strip()}
    if "properties" in schema:
        notes = _notes(rows)
        noted["properties"] = {
            name: {**said, "description": notes[name]} if name in notes else said
            for name, said in schema["properties"].items()
        }
    return noted


def _notes(rows: str) -> dict[str, str]:
    """Read the indented *rows* of an `Attributes:` section; deeper lines go on with a row."""
    notes: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(rows).splitlines():
        row = _NOTE.fullmatch(line)
        if row:
            name = row[1]
            notes[name] = row[2]
        elif name and line.startswith(" "):
            notes[name] += " " + line.strip()
        else:
            name = ""
    return notes


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        mapping = cast("Mapping[str, object]", schema)
        if isinstance(ref := mapping.get("$ref"), str):
            yield ref
        schema = tuple(mapping.values())
    if isinstance(schema, list | tuple):
        for each in cast("Iterable[object]", schema):
            yield from _references(each)
