"""The laws of `Backoff`: how long it waits, and what it refuses."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import Backoff
from tests.laws.clocked import backoffs

tries = st.integers(1, 2000)
seeds = st.text()
strict = st.builds(
    Backoff, initial=st.floats(0.001, 100), factor=st.floats(1, 10), longest=st.floats(0.001, 1000)
)
"""What waits at all, and takes chance into account."""


@given(backoffs, tries, seeds)
def test_the_same_seed_waits_the_same(b: Backoff, n: int, seed: str) -> None:
    """b.delay(n, s) == b.delay(n, s), for an equal b too."""
    again = Backoff(initial=b.initial, factor=b.factor, longest=b.longest, jitter=b.jitter)
    assert b.delay(n, seed) == again.delay(n, seed)


@given(strict, tries, seeds, seeds)
def test_another_seed_waits_otherwise(b: Backoff, n: int, one: str, other: str) -> None:
    """b.delay(n, s) != b.delay(n, z)."""
    assume(one != other)
    assert b.delay(n, one) != b.delay(n, other)


@given(strict, tries, seeds)
def test_another_try_is_moved_by_another_chance(b: Backoff, n: int, seed: str) -> None:
    """b.delay(n, s) / its full length differs from that of n + 1."""
    full = Backoff(initial=b.initial, factor=b.factor, longest=b.longest, jitter=0)
    shares = {b.delay(each, seed) / full.delay(each) for each in (n, n + 1)}
    assert len(shares) == 2


@given(backoffs, tries, seeds)
def test_chance_takes_off_at_most_its_share(b: Backoff, n: int, seed: str) -> None:
    """(1 - jitter) * full <= b.delay(n, s) <= full, and so it is neither negative nor too long."""
    full = Backoff(initial=b.initial, factor=b.factor, longest=b.longest, jitter=0).delay(n)
    assert full * (1 - b.jitter) <= b.delay(n, seed) <= full
    assert 0 <= b.delay(n, seed) <= b.longest


@given(strict)
def test_chance_is_spread_over_its_share(b: Backoff) -> None:
    """Of 100 seeds some take nearly nothing off, some nearly all of the share, half the half."""
    full = Backoff(initial=b.initial, factor=b.factor, longest=b.longest, jitter=0).delay(1)
    taken = sorted((1 - b.delay(1, str(seed)) / full) / b.jitter for seed in range(100))
    assert taken[0] < 0.1
    assert 0.3 < taken[50] < 0.7
    assert taken[-1] > 0.9


@given(st.floats(0, 100), st.floats(1, 10), st.floats(0, 1000), st.integers(1, 300), seeds)
def test_without_jitter_it_is_a_geometric_series_that_is_cut(
    initial: float, factor: float, longest: float, n: int, seed: str
) -> None:
    """b.delay(n) == min(longest, initial * factor ** (n - 1)), which never gets shorter."""
    b = Backoff(initial=initial, factor=factor, longest=longest, jitter=0)
    assert b.delay(n, seed) == min(longest, initial * factor ** (n - 1))
    assert b.delay(n, seed) <= b.delay(n + 1, seed)


@given(st.integers(0, 100), st.integers(2, 10), st.integers(0, 1000), st.integers(2000, 10**12))
def test_a_huge_number_of_tries_waits_the_longest(
    initial: int, factor: int, longest: int, n: int
) -> None:
    """b.delay(n) for n without end is the longest wait, or none where the first was none."""
    b = Backoff(initial=initial, factor=factor, longest=longest, jitter=0)
    assert b.delay(n) == (longest if initial else 0)


negative = st.floats(max_value=0, exclude_max=True, allow_infinity=False)
no_number = st.sampled_from([math.inf, -math.inf, math.nan])
refused = st.one_of(
    st.tuples(st.sampled_from(["initial", "longest", "jitter"]), negative | no_number),
    st.tuples(st.just("factor"), st.floats(max_value=1, exclude_max=True) | no_number),
    st.tuples(st.just("jitter"), st.floats(min_value=1, exclude_min=True)),
)


@given(refused)
def test_a_number_that_does_not_fit_is_refused_by_name_and_value(
    number: tuple[str, float],
) -> None:
    """Backoff(field=x) raises, and says which field and which x."""
    field, value = number
    with pytest.raises(ValueError, match=field) as caught:
        Backoff(**{field: value})
    assert str(value) in str(caught.value)
