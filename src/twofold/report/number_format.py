"""Numbers as a person reads them: few digits, a unit, thousands apart."""

from __future__ import annotations

import math

from twofold.evaluate.records import Interval

MINUS = "\u2212"
_MOST_DECIMALS = 6


def decimals_for(half_width: float) -> int:
    """Return how many decimals a value deserves, given the half width of its interval.

    One digit of the half width is kept, two where it begins with 1 or 2: more would be noise.

    Examples
    --------
    >>> decimals_for(0.006), decimals_for(0.012), decimals_for(350.0)
    (3, 3, 0)
    """
    if not math.isfinite(half_width) or half_width <= 0:
        return 3
    exponent = math.floor(math.log10(half_width))
    leading = half_width / 10.0**exponent
    return min(_MOST_DECIMALS, max(0, -exponent + (leading < 2.95)))


def decimals_of_size(value: float, digits: int = 3) -> int:
    """Return how many decimals show so many digits of a value.

    Examples
    --------
    >>> decimals_of_size(54.8), decimals_of_size(0.0851), decimals_of_size(21229.4), decimals_of_size(0.0)
    (1, 4, 0, 2)
    """
    magnitude = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
    return min(_MOST_DECIMALS, max(0, digits - 1 - magnitude))


def number(value: float, decimals: int | None = None, *, signed: bool = False) -> str:
    """Write a number; without `decimals` with about three digits.

    Examples
    --------
    >>> number(21229.4), number(0.012345), number(0.5, 3), number(0.012, 3, signed=True)
    ('21,229', '0.0123', '0.500', '+0.012')
    >>> number(-0.5, 1) == MINUS + "0.5"
    True
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if decimals is None:
        decimals = decimals_of_size(value)
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    return text.lstrip("+-") if not float(text.replace(",", "")) else text.replace("-", MINUS)


def interval(value: Interval, decimals: int | None = None, *, signed: bool = False) -> str:
    """Write a value with its interval.

    Examples
    --------
    >>> interval(Interval(0.98765, 0.981, 0.993))
    '0.988 [0.981, 0.993]'
    """
    places = decimals_for((value.high - value.low) / 2) if decimals is None else decimals
    return f"{number(value.centre, places, signed=signed)} {between(value, places, signed=signed)}"


def between(value: Interval, decimals: int, *, signed: bool = False) -> str:
    """Write the interval alone.

    Examples
    --------
    >>> between(Interval(0.98765, 0.981, 0.993), 3)
    '[0.981, 0.993]'
    """
    low, high = (number(end, decimals, signed=signed) for end in (value.low, value.high))
    return f"[{low}, {high}]"


def duration(seconds: float) -> str:
    """Write a length of time.

    Examples
    --------
    >>> duration(0.0421), duration(7.26), duration(61.4), duration(4000)
    ('0.04 s', '7.3 s', '1 min 01 s', '1 h 06 min')
    """
    if not math.isfinite(seconds):
        return "no limit"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def per_row(seconds: float) -> str:
    """Write the time that one row costs.

    Examples
    --------
    >>> per_row(3.21e-6), per_row(0.0123), per_row(0.0)
    ('3.2 µs', '12 ms', '–')
    """
    if seconds <= 0 or not math.isfinite(seconds):
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.95 * size or unit == "µs":
            value = seconds / size
            return (
                f"{value:.2f} {unit}"
                if value < 0.95
                else f"{value:.1f} {unit}"
                if value < 9.5
                else f"{value:,.0f} {unit}"
            )
    raise AssertionError


def size(n_bytes: float) -> str:
    """Write a size on disk.

    Examples
    --------
    >>> size(820), size(15_300), size(3_400_000)
    ('820 B', '15 kB', '3.4 MB')
    """
    if n_bytes <= 0:
        return "–"
    return _with_prefix(n_bytes, "B", ("", "k", "M", "G"))


def energy(joules: float) -> str:
    """Write an energy.

    Examples
    --------
    >>> energy(12.4), energy(5300)
    ('12 J', '5.3 kJ')
    """
    if joules <= 0:
        return "–"
    return _with_prefix(joules, "J", ("", "k", "M"))


def _with_prefix(value: float, unit: str, prefixes: tuple[str, ...]) -> str:
    power = 0
    while value >= 999.5 and power < len(prefixes) - 1:
        value, power = value / 1000, power + 1
    few = value < 9.95 and (power or unit == "J")
    return f"{value:.1f} {prefixes[power]}{unit}" if few else f"{value:,.0f} {prefixes[power]}{unit}"


def share(fraction: float) -> str:
    r"""Write a share as a percentage, never rounding something to nothing.

    Examples
    --------
    >>> share(0.0), share(0.0004), share(0.123), share(0.9996), share(1.0)
    ('0\xa0%', '<1\xa0%', '12\xa0%', '>99\xa0%', '100\xa0%')
    """
    if math.isnan(fraction):
        return "–"
    if 0 < fraction < 0.005:
        return "<1\u00a0%"
    if 0.995 < fraction < 1:
        return ">99\u00a0%"
    return f"{fraction:.0%}".replace("%", "\u00a0%")


def times(factor: float) -> str:
    """Write how many times as much.

    Examples
    --------
    >>> times(3.14), times(0.52), times(41.7), times(1.02)
    ('3.1 times as much', '0.52 times as much', '42 times as much', 'the same')
    """
    if 0.95 <= factor < 1.05:
        return "the same"
    return f"{factor:,.0f} times as much" if factor >= 10 else f"{factor:.2g} times as much"
