"""Baselines: what every model is to beat, one file each; found beside the models."""
