"""What a fault does is judged since it began, and a sure part of a sure rise counts."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.triage.planted import *  # noqa: F403
