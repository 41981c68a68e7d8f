"""Gaussian processes: one likelihood, kernels that read like their formula, ridge regression, landmarks."""
