"""What each route takes and gives, as one page without scripts: it is read where there is no internet."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}
h2{{margin-top:2rem;font-size:1.1rem}}code,pre{{font-family:ui-monospace,monospace}}
pre{{background:#f4f4f4;padding:.75rem;overflow:auto}}</style></head>
<body><h1>{title}</h1><p>{description}</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>
{routes}
</body></html>
"""

_ROUTE = "<h2><code>{method} {path}</code></h2><p>{summary}. {description}</p>{body}"
"""The page, and the part of it about a route."""


def build_docs_page(schema: Mapping[str, Any]) -> str:
    """Return a page of HTML that says what an OpenAPI description says."""
    routes = [
        _ROUTE.format(
            method=method.upper(),
            path=html.escape(path),
            summary=html.escape(route.get("summary", "")),
            description=html.escape(route.get("description", "")),
            body=_describe_body(route),
        )
        for path, methods in schema["paths"].items()
        for method, route in methods.items()
    ]
    about = schema["info"]
    return _PAGE.format(
        title=html.escape(about["title"]),
        description=html.escape(about.get("description", "")),
        routes="\n".join(routes),
    )


def _describe_body(route: Mapping[str, Any]) -> str:
    content = route.get("requestBody", {}).get("content", {})
    return "".join(
        f"<p>Body, <code>{html.escape(kind)}</code>:</p>"
        f"<pre>{html.escape(json.dumps(value['schema'], indent=1))}</pre>"
        for kind, value in content.items()
        if "properties" in value["schema"]
    )
