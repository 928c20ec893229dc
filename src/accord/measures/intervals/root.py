"""Find where a monotone function crosses zero."""

from __future__ import annotations

from collections.abc import Callable

MAX_STEPS = 200
_EPSILON = 2.0**-52


def find_root(f: Callable[[float], float], a: float, b: float) -> float:
    """Return the root of `f` between `a` and `b`, where `f` has opposite signs, to about 4 units in the last place.

    Inverse quadratic interpolation where it is safe, bisection elsewhere (Chandrupatla, Advances in Engineering
    Software 28, 1997): it never leaves the bracket, so it always ends.
    """
    fa, fb = f(a), f(b)
    if fa == 0.0:
        return a
    if fb == 0.0:
        return b
    c, fc = a, fa
    t = 0.5
    for _ in range(MAX_STEPS):
        x = a + t * (b - a)
        fx = f(x)
        if (fx > 0.0) == (fa > 0.0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best, f_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        width = abs(b - a)
        tolerance = 2.0 * _EPSILON * abs(best) + 1e-300
        if f_best == 0.0 or width <= 2.0 * tolerance:
            return best
        t = 0.5
        xi = (a - b) / (c - b)
        phi = (fa - fb) / (fc - fb)
        if phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi:
            t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        margin = tolerance / width
        t = min(1.0 - margin, max(margin, t))
    return best
