# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks written in Python make of their figures."""
import statistics


def spread(values):
    """Median and quartiles."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, mid, high = statistics.quantiles(values, n=4, method='inclusive')
    return mid, low, high
