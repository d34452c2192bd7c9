"""The demo's pipeline files as modules, as they are when `data/` is the script's folder."""

from __future__ import annotations

import sys

from workbench.resources import demo_pipeline_dir

sys.path.insert(0, str(demo_pipeline_dir()))
