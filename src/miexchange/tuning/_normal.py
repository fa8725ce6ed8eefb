"""Constants of the normal distribution that several estimates need."""

from __future__ import annotations

__all__ = ["NORMAL_95", "TO_SIGMA"]

NORMAL_95 = 1.959964
"""Standard deviations on either side of the mean that cover 95 %."""

TO_SIGMA = 1.4826
"""From the median absolute deviation to a standard deviation."""
