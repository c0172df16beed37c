"""`workbench models`: the bundled models, listed or one explained."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workbench.cli import completion, console, options


@console.guarded
def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A model to explain.", metavar="NAME", autocompletion=completion.complete_bundled
        ),
    ] = None,
    json_: options.Json = False,
) -> None:
    """List the models that come with workbench, or explain one."""
    from workbench import library
    from workbench.workflow.pages.models import build_list_page, build_model_page

    models = library.list_models() if name is None else (library.find(name),)
    if json_:
        records = [library.to_record(model) for model in models]
        console.show_json(json.dumps(records if name is None else records[0], indent=1, ensure_ascii=False))
    else:
        console.show(build_list_page(models) if name is None else build_model_page(models[0]))
