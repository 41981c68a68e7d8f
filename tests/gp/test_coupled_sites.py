import numpy as np

from jijbench.gp.coupled_sites import ZETA, powers


def test_powers_are_those_of_zeta():
    x = np.array([[-0.9, 0.0, 0.3, 1.0]])
    assert np.allclose(powers(x), x ** ZETA[:, None, None])


def test_the_covariance_is_the_formula(coupled):
    kernel, p, x = coupled.kernel, coupled.p, coupled.x
    spectra = [s.spectra(p.u) for s in x.sites]
    spectra = [s / np.linalg.norm(s, axis=1)[:, None] for s in spectra]
    kappa, own, K = [kernel.kappa(p, q) for q in (0, 1)], np.exp(p.own), kernel(p, x, x)
    for n, ((a, b), (g, h)) in enumerate(zip(x.elements, x.ends, strict=True)):
        for m, ((c, d), (k, r)) in enumerate(zip(x.elements, x.ends, strict=True)):
            i, j = (s[n] for s in spectra)
            ii, jj = (s[m] for s in spectra)
            total = 0.0
            for q in (0, 1):
                weights = np.exp(p.weights[q])
                straight = weights @ ((i @ ii) * (j @ jj)) ** ZETA + own[q, g] * (g == k) / 2 + own[q, h] * (h == r) / 2
                crossed = weights @ ((i @ jj) * (j @ ii)) ** ZETA + own[q, g] * (g == r) / 2 + own[q, h] * (h == k) / 2
                total += kappa[q][a, c] * kappa[q][b, d] * straight + kappa[q][a, d] * kappa[q][b, c] * crossed
            assert np.isclose(K[n, m], total)
