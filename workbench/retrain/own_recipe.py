"""Which function does a card's own recipe name? `package.module:function`, imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.domain.names import shown
from workbench.errors import RecipeError


def own_function(recipe: str, folder: Path | None) -> Callable[..., Any]:
    """The function of `package.module:function`.

    Installed packages are searched first. The folder comes last and stays on the path, since a
    recipe may import its neighbours later; so nothing in it can stand in for an installed module.

    Args:
        recipe: as the card has it.
        folder: where else modules may lie: the workspace's, once its user trusts the model's
            code; None otherwise.

    Raises:
        RecipeError: it cannot be imported, or is no function.
    """
    module_name, _, name = recipe.partition(":")
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        parts = module_name.split(".")
        is_own = error.name in {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
        hint = f"Install the package that has {shown(error.name or module_name)}."
        if is_own and folder is None:
            hint += (
                " A module that lies in the workspace is imported after `workbench model trust`."
            )
        raise RecipeError(
            f"the recipe {shown(recipe)!r} cannot be imported: "
            f"there is no module {shown(error.name or module_name)!r}",
            hint,
        ) from error
    # A module from outside can raise anything while it is imported.
    except Exception as error:
        raise RecipeError(
            f"the recipe {shown(recipe)!r} cannot be imported: "
            f"{type(error).__name__}: {shown(error, 200)}",
            f"Try it: python -c 'import {shown(module_name)}'.",
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise RecipeError(
            f"the module {shown(module_name)!r} has no function {shown(name)!r}",
            "A recipe is function(X, y, params, seed) -> fitted scikit-learn estimator.",
        )
    found: Callable[..., Any] = function
    return found
