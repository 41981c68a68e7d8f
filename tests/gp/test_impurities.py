import numpy as np

from jijbench.gp.impurities import ImpurityKernel, Term


def test_the_covariance_is_the_formula(impurities):
    kernel, p, x = impurities.kernel, impurities.p, impurities.x
    K, s = kernel(p, x, x), np.exp(x.sites @ p.slopes)
    for n in range(8):
        for m in range(len(x.element)):
            total = 0.0
            for term, q in zip(kernel.terms, p.terms, strict=True):
                part = np.exp(q.amplitude)
                part *= x.weights["w"][n] * x.weights["w"][m] if term.weight else 1.0
                for factor, table, rows in ((q.element, x.elements, x.element), (q.site, x.sites, x.site)):
                    if factor:
                        d = np.sum(((table[rows[n]] - table[rows[m]]) / np.exp(factor.length)) ** 2)
                        part *= (1 + d / 4) ** -2 + np.exp(factor.own).sum() * (rows[n] == rows[m])
                total += part
            assert np.isclose(K[n, m], total * s[x.site[n]] * s[x.site[m]])


def test_some_rows_have_the_covariances_they_have_among_all(impurities):
    kernel, p, x = impurities.kernel, impurities.p, impurities.x
    assert np.allclose(kernel(p, x[30:], x[:30]), kernel(p, x, x)[30:, :30])


def test_a_term_without_a_factor_has_no_parameters_for_it():
    terms = ImpurityKernel([Term(0.5, site=False), Term(0.2, own=True, length=0.7)]).prior(3, 7).mean.terms
    assert terms[0].site == ()
    assert [len(terms[0].element.own), len(terms[0].element.length)] == [0, 3]
    assert np.exp(terms[1].site.length).tolist() == np.full(7, 0.7).tolist()
