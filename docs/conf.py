"""Settings of Sphinx for this site: `make site` builds it without a network, and fails on any warning."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from math_core import LatexToMathML

sys.path.insert(0, str(Path(__file__).parent))

import generated_pages

from workbench.provenance import read_workbench_version

project = "workbench"
author = "the authors of workbench"
copyright = "the authors of workbench"  # noqa: A001 - Sphinx's name
release = read_workbench_version()
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "serving"]
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"workbench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {"navigation_with_keys": True}
html_math_renderer = "mathml"
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

smartquotes = False  # quotes are part of commands
default_role = "code"  # docstrings have code between single backticks
autodoc_typehints = "none"  # the numpydoc sections say what each argument takes
autodoc_member_order = "groupwise"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Result"]

_MODEL_PAGE = re.compile(r"\((?:\.\./)+stan_models/(?:\w+/(\w+)|README)\.md\)")
"""A link to the page of a bundled model, or to their list, as it stands in the checkout."""


_MATH = LatexToMathML()
"""What makes MathML of TeX; a formula that it does not know stops the build."""


def lead_links(_app: Any, docname: str, source: list[str]) -> None:
    """Lead links to pages of models and of the project to their copies here; other texts are downloads."""
    up = "../" * docname.count("/")
    text = _MODEL_PAGE.sub(lambda match: f"({up}generated/models/{match[1] or 'index'}.md)", source[0])
    for name, page in generated_pages.PROJECT_PAGES.items():
        text = text.replace(f"({up}../{name})", f"({up}generated/{page}.md)")
    source[0] = re.sub(rf"\(({re.escape(up)}\.\./[\w./-]+\.md)\)", r"(path:\1)", text)


def keep_prose_of_returns(
    _app: Any, _kind: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Keep what `Returns` says in prose as paragraphs; napoleon takes each of its lines for a type."""
    text = re.sub(r"^Returns\n-------\n(?!.+\n    )", "Result\n------\n", "\n".join(lines), flags=re.M)
    lines[:] = text.split("\n")


def show_math(self: Any, node: Any) -> None:
    """Write a formula as MathML, which browsers show without a script."""
    tex = node.get("latex", node.astext())
    is_block = isinstance(node, nodes.math_block)
    self.body.append(_MATH.convert_with_local_state(tex, displaystyle=is_block))
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Write what is made from the code before Sphinx looks for pages."""
    generated_pages.write(Path(__file__).parent / "generated")
    app.add_html_math_renderer("mathml", (show_math, None), (show_math, None))
    app.connect("autodoc-process-docstring", keep_prose_of_returns, priority=1)
    app.connect("source-read", lead_links)
