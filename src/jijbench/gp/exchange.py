"""Covariances of pairs from covariances of their two members, read as they stand and with the second pair exchanged.

Pairs are columns ``x`` (n, 2) and ``z`` (n', 2) of positions in a table; results are (2, n, n'), straight and crossed.
The slopes are the gradient over a symmetric table of Σ d · covariance, for ``d`` (2, n, n) of pairs with themselves.
"""

import numpy as np


def products(E: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """E(A, A') E(B, B') and E(A, B') E(B, A')."""
    (a, b), (c, d) = x.T, z.T
    return np.stack([E[np.ix_(a, c)] * E[np.ix_(b, d)], E[np.ix_(a, d)] * E[np.ix_(b, c)]])


def products_slope(d: np.ndarray, E: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(elements, elements)."""
    (a, b), (straight, crossed) = x.T, d
    A, B = np.eye(len(E))[x.T]
    slope = A.T @ (straight * E[np.ix_(b, b)]) @ A + B.T @ (straight * E[np.ix_(a, a)]) @ B
    return slope + A.T @ (crossed * E[np.ix_(b, a)]) @ B + B.T @ (crossed * E[np.ix_(a, b)]) @ A


def means(B: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """[B(R, R') + B(R̄, R̄')] / 2 and [B(R, R̄') + B(R̄, R')] / 2, with R̄ the second of a pair."""
    (g, h), (k, m) = x.T, z.T
    return np.stack([B[np.ix_(g, k)] + B[np.ix_(h, m)], B[np.ix_(g, m)] + B[np.ix_(h, k)]]) / 2


def means_slope(d: np.ndarray, size: int, x: np.ndarray) -> np.ndarray:
    """(size, size)."""
    (G, H), (straight, crossed) = np.eye(size)[x.T], d
    return (G.T @ straight @ G + H.T @ straight @ H + G.T @ crossed @ H + H.T @ crossed @ G) / 2
