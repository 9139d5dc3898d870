"""Numbers as people read them: with as many digits as make sense, a minus as long as a plus, and a dash for nothing."""

from __future__ import annotations

import math

from .statistics.estimates import Estimate

MINUS, UNKNOWN = "\N{MINUS SIGN}", "\N{EN DASH}"


def number_text(value: float, digits: int = 3) -> str:
    """A number with so many digits that count: 1,234 or 0.0123; an en dash where there is none."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == round(value) and abs(value) < 1e7:
        return f"{value:,.0f}".replace("-", MINUS)
    if not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:,.{decimals}f}"
    return text.replace("-", MINUS)


def plain_text(value: float) -> str:
    """A number that stands alone: 0.4, where one of several in a column would be 0.400."""
    text = number_text(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def decimals_of(width: float) -> int:
    """Decimals for the ends of an interval of some width: two of its digits count."""
    if not (math.isfinite(width) and width > 0):
        return 2
    return min(max(1 - math.floor(math.log10(width)), 0), 9)


def fixed_text(value: float, decimals: int) -> str:
    """A number with so many decimals; an en dash where there is none."""
    return f"{value:,.{decimals}f}".replace("-", MINUS) if math.isfinite(value) else UNKNOWN


def percent_text(share: float) -> str:
    """A share in per cent, without decimals: 7 %, and never 0 % or 100 % of what is neither."""
    if not math.isfinite(share):
        return UNKNOWN
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def percent_range(low: float, high: float) -> str:
    """76 to 90 %; nothing where there is no interval."""
    if not math.isfinite(low):
        return ""
    return f"{percent_text(low).removesuffix(' %')} to {percent_text(high)}"


def value_text(estimate: Estimate) -> str:
    """The value, with as many digits as its interval makes sense of."""
    if not math.isfinite(estimate.low):
        return number_text(estimate.value)
    return fixed_text(estimate.value, decimals_of(estimate.high - estimate.low))


def range_text(estimate: Estimate) -> str:
    """The interval, with as many decimals as the value."""
    decimals = decimals_of(estimate.high - estimate.low)
    return f"{fixed_text(estimate.low, decimals)} to {fixed_text(estimate.high, decimals)}"


def signed_text(estimate: Estimate) -> str:
    """A difference with its sign."""
    return ("+" if estimate.value > 0 else "") + value_text(estimate)


def signed_range(estimate: Estimate) -> str:
    """The interval of a difference."""
    decimals = decimals_of(estimate.high - estimate.low)
    return " to ".join(("+" if end > 0 else "") + fixed_text(end, decimals) for end in (estimate.low, estimate.high))


def points_text(difference: float) -> str:
    """A difference of shares, in percentage points."""
    return f"{100 * difference:+.1f} points".replace("-", MINUS) if math.isfinite(difference) else UNKNOWN


def points_range(estimate: Estimate) -> str:
    """The interval of a difference of shares."""
    return f"{points_text(estimate.low).removesuffix(' points')} to {points_text(estimate.high)}"
