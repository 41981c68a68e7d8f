"""Spin dynamics and Monte Carlo of random alloys."""
