"""What does it look like? Every Altair chart, for notebooks and reports alike.

The only package that imports Altair. Charts are made from the domain's dataclasses and
hold their data as values under field names of their own: a name that comes from a log is
never the name of a field, so brackets, dots and quotes in it mean nothing to Vega. Times are
drawn and written in UTC. Every mark says in its tooltip how many rows stand behind it.
"""

from __future__ import annotations

from workbench.charts.drifted import drift_ranking
from workbench.charts.output import Chart, to_html, to_svg
from workbench.charts.shares import share_per_bin
from workbench.charts.timeline import bad_rate_timeline

__all__ = ["Chart", "bad_rate_timeline", "drift_ranking", "share_per_bin", "to_html", "to_svg"]
