"""Contexts as JSON and back, and their JSON Schema."""

import typing
from collections.abc import Mapping
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import attrs
import msgspec

from dara_fp.core.context import fields_of, given_fields, made_fields
from dara_fp.core.errors import NotSerialisable, shown
from dara_fp.core.storable import check_context

__all__ = ["Codec", "InvalidFields", "codec_of"]

C = TypeVar("C")


class InvalidFields(ValueError):
    """Given fields do not make a context.

    Attributes:
        problems: What is wrong, by field name.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep *problems*."""
        super().__init__("; ".join(f"{name}: {said}" for name, said in problems.items()))
        self.problems = dict(problems)


@attrs.frozen
class Codec(Generic[C]):
    """Reads and writes contexts of one class.

    Attributes:
        context: The class.
        decoders: A JSON decoder for each of its fields.
    """

    context: type[C]
    decoders: Mapping[str, msgspec.json.Decoder[Any]] = attrs.field(repr=False)

    def encode(self, context: C) -> bytes:
        """Write *context* as a JSON object.

        Raises:
            NotSerialisable: A field holds a value that its type does not allow.
        """
        return self.encode_changes({name: getattr(context, name) for name in self.decoders})

    def decode(self, data: bytes) -> C:
        """Read a context from the JSON object *data*; unknown fields are ignored.

        Raises:
            InvalidFields: A field is missing or does not fit.
        """
        return self._build(_object(data))

    def encode_changes(self, changes: Mapping[str, object]) -> bytes:
        """Write *changes* as a JSON object, proving that they can be read back.

        Raises:
            NotSerialisable: Names the field whose value its type does not allow.
        """
        data = b""
        try:
            data = msgspec.json.encode(changes)
            problems = _altered(changes, self.decode_changes(data))
        except InvalidFields as error:
            problems = {
                name: f"{shown(changes.get(name))} does not fit: {said}"
                for name, said in error.problems.items()
            }
        except (TypeError, ValueError, RecursionError):
            problems = _unwritable(changes)
        if problems:
            said = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
            raise NotSerialisable(f"{self.context.__name__} cannot be stored: {said}")
        return data

    def decode_changes(self, data: bytes) -> dict[str, object]:
        """Read changed fields from the JSON object *data*; unknown fields are ignored.

        Raises:
            InvalidFields: A field does not fit its type.
        """
        values, problems = self._read(_object(data))
        if problems:
            raise InvalidFields(problems)
        return values

    def decode_field(self, name: str, data: bytes) -> object:
        """Read the value of the field *name* from the JSON text *data*.

        Raises:
            InvalidFields: There is no such field, or *data* does not fit its type.
        """
        values, problems = self._read({name: data})
        if name not in self.decoders:
            problems = {name: _unknown(tuple(self.decoders))}
        if problems:
            raise InvalidFields(problems)
        return values[name]

    def decode_given(self, fields: Mapping[str, bytes | msgspec.Raw]) -> C:
        """Build a context from what a caller gave: JSON text by field name.

        Raises:
            InvalidFields: Names every field that is unknown, missing, made by a step or unfit.
        """
        allowed = given_fields(self.context)
        made = made_fields(self.context)
        problems = {
            name: "is made by a step and cannot be given" if name in made else _unknown(allowed)
            for name in fields
            if name not in allowed
        }
        return self._build({name: raw for name, raw in fields.items() if name in allowed}, problems)

    def _build(self, raw: Mapping[str, Any], problems: Mapping[str, str] | None = None) -> C:
        values, unfit = self._read(raw)
        missing = {
            field.name: "is required"
            for field in fields_of(self.context)
            if field.default is attrs.NOTHING and field.name not in raw
        }
        found = {**(problems or {}), **unfit, **missing}
        if found:
            raise InvalidFields(found)
        aliases = {field.name: field.alias or field.name for field in fields_of(self.context)}
        try:
            return self.context(**{aliases[name]: value for name, value in values.items()})
        except (TypeError, ValueError) as error:
            raise InvalidFields({self.context.__name__: _said(error)}) from error

    def _read(self, raw: Mapping[str, Any]) -> tuple[dict[str, object], dict[str, str]]:
        values: dict[str, object] = {}
        problems: dict[str, str] = {}
        for name, data in raw.items():
            decoder = self.decoders.get(name)
            if decoder is None:
                continue
            try:
                values[name] = decoder.decode(data)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                problems[name] = str(error)
        return values, problems


def codec_of(context: type[C]) -> Codec[C]:
    """Give the codec of the class *context*, made at its first use.

    Raises:
        TypeError: *context* is not frozen attrs, or cannot be stored.
    """
    codec = _codecs.get(context)
    if codec is None:
        check_context(context)
        codec = _codecs[context] = Codec(context, _decoders(context))
    return codec


_codecs: WeakKeyDictionary[type[Any], Codec[Any]] = WeakKeyDictionary()


def _decoders(context: type[Any]) -> Mapping[str, msgspec.json.Decoder[Any]]:
    hints = typing.get_type_hints(context, include_extras=True)
    return {field.name: msgspec.json.Decoder(hints[field.name]) for field in fields_of(context)}


def _object(data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidFields({"body": f"is not a JSON object: {error}"}) from error


def _unknown(allowed: tuple[str, ...]) -> str:
    return (
        f"is not a field; there are {', '.join(allowed)}"
        if allowed
        else "is not a field; there are none"
    )


def _said(error: Exception) -> str:
    """Give the sentence of *error*; attrs' validators put the field and more behind it."""
    return str(error.args[0] if type(error) in {TypeError, ValueError} and error.args else error)


def _unwritable(changes: Mapping[str, object]) -> dict[str, str]:
    """Say, by field, why msgspec cannot write *changes*."""
    problems: dict[str, str] = {}
    for name, value in changes.items():
        try:
            msgspec.json.encode({name: value})
        except (TypeError, ValueError, RecursionError) as error:
            problems[name] = str(error)
    return problems or dict.fromkeys(changes, "is nested too deeply")


def _altered(changes: Mapping[str, object], read: Mapping[str, object]) -> dict[str, str]:
    """Say, by field, which of *changes* would be *read* back as something else."""
    return {
        name: f"{shown(value)} would be read back as {shown(read[name])}: give what its type says"
        for name, value in changes.items()
        if not _same(value, read[name])
    }


def _same(value: Any, read: Any) -> bool:
    """Tell whether *value* was *read* back, also where Python calls the two unequal.

    It does for a time in the hour that a zone repeats, Decimal("NaN"), records with eq=False.
    """
    kind = value.__class__
    if kind in _ATOMS and read.__class__ is kind:
        return bool(value == read)
    if kind is not read.__class__:
        fits = isinstance(value, read.__class__) or (kind is int and read.__class__ is float)
        return fits and bool(value == read)
    mine, theirs = _parts(kind, value), _parts(kind, read)
    if mine is None or theirs is None:
        # Text first: Decimal("sNaN") refuses to be compared.
        return str(value) == str(read) or bool(value == read)
    return mine.keys() == theirs.keys() and all(_same(mine[key], theirs[key]) for key in mine)


def _parts(kind: type[Any], value: Any) -> Mapping[Any, Any] | None:
    """Give what the *value* of class *kind* holds, or None if it holds nothing but itself."""
    if kind is tuple:
        parts: tuple[Any, ...] = value
        return dict(enumerate(parts))
    if attrs.has(kind):
        return {field.name: getattr(value, field.name) for field in fields_of(kind)}
    return value if kind is dict else None


_ATOMS = frozenset({bool, int, str, type(None)})
"""Classes of most values: these are looked at without a look for parts."""
