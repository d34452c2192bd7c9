"""How does a chart leave the program? As SVG or as a page, neither of which loads anything.

Both are safe to open whatever the data say: text is escaped for XML, and the specification
is written into the page with `<` escaped, so that no value can end the script.
"""

from __future__ import annotations

import html
import json
from typing import TypeAlias

import altair as alt

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<script>{bundle}</script>
</head>
<body>
<div id="chart" role="img" aria-label="{title}"></div>
<script>
vegaEmbed("#chart", {spec}, {{renderer: "svg"}});
</script>
</body>
</html>
"""


def to_svg(chart: Chart) -> str:
    """The chart as an SVG document: static, with its description for screen readers."""
    import vl_convert

    spec = chart.to_dict()
    svg: str = vl_convert.vegalite_to_svg(spec)
    label = html.escape(_description(spec), quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def to_html(chart: Chart) -> str:
    """The chart as a page of its own, with tooltips; it holds every script that it runs.

    About 900 kB, nearly all of it the scripts: for more than one chart in a page use `to_svg`.
    """
    import vl_convert

    spec = chart.to_dict()
    return _PAGE.format(
        title=html.escape(_description(spec), quote=True),
        bundle=vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace(
            "</script", "<\\/script"
        ),
        spec=_script_literal(spec),
    )


def _script_literal(spec: object) -> str:
    """JSON that may stand inside a script element: no `<`, `>`, `&` or line separator in it."""
    text = json.dumps(spec, ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _description(spec: dict[str, object]) -> str:
    return str(spec.get("description") or "Chart")
