"""Finding one's way in the models: which key a path means, its example, its siblings."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from amfdaq.config.lines import Loc
from amfdaq.config.quantities import Key


def key_of(name: str, field: FieldInfo) -> str:
    """The key of a field in the file (its alias where it has one)."""
    return field.alias or name


def children(model: type[BaseModel], loc: Loc) -> tuple[str, ...]:
    """The keys that the table at a path may have; empty when it is not one of ours."""
    inner = model_of(model, loc)
    return (
        tuple(key_of(name, field) for name, field in inner.model_fields.items()) if inner is not None else ()
    )


def model_of(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The model of the table at a path (of the elements, for a list of tables), or None."""
    found: Any = model
    for part in loc:
        found = _step(found, part)
    return _model_in(found)


def field_of(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    """The field at a path, or None where the path ends in a list, a free table or nowhere."""
    if not loc:
        return None
    parent = model_of(model, loc[:-1])
    return _field(parent, loc[-1]) if parent is not None else None


def holds_tables(field: FieldInfo | None) -> bool:
    """Whether a field is a list of tables whose keys its own model does not know (the steps of a recipe)."""
    return field is not None and _is_dict(_element(field.annotation))


def example_line(name: str, field: FieldInfo | None) -> str:
    """``name = "15 kA/m"`` as the manual would write it; ``name = ...`` where the field has no example."""
    key = (
        next((item for item in field.metadata if isinstance(item, Key)), None) if field is not None else None
    )
    if key is not None:
        return f"{name} = {key.example}"
    if field is not None and field.examples:
        example = field.examples[0]
        return f'{name} = "{example}"' if isinstance(example, str) else f"{name} = {example}"
    return f"{name} = ..."


def walk(
    model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo, Any]]:
    """Every key of a model and of the models below it: (path, field, model of its table or None)."""
    for name, field in model.model_fields.items():
        path = (*above, key_of(name, field))
        inner = _model_in(field.annotation)
        yield path, field, inner
        if inner is not None:
            deeper = (*path, "NAME") if _is_dict(field.annotation) else path
            yield from walk(inner, deeper)


def _step(annotation: Any, part: str | int) -> Any:
    """The type found when one goes from a type into one of its keys or elements."""
    model = _model_in(annotation)
    if isinstance(part, int) or (model is None) or _is_dict(annotation):
        return _element(annotation)
    field = _field(model, part)
    return field.annotation if field is not None else None


def _field(model: type[BaseModel], part: str | int) -> FieldInfo | None:
    return next((info for name, info in model.model_fields.items() if key_of(name, info) == part), None)


def _element(annotation: Any) -> Any:
    annotation = _bare(annotation)
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _is_dict(annotation: Any) -> bool:
    return get_origin(_bare(annotation)) is dict


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model behind ``Model``, ``Model | None``, ``list[Model]`` and ``dict[str, Model]``."""
    annotation = _bare(annotation)
    if get_origin(annotation) in {list, tuple, dict}:
        return _model_in(_element(annotation))
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """Without ``Annotated`` and without ``None`` in a union."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [item for item in get_args(annotation) if item is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else annotation
    return annotation
