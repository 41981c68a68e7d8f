"""Potentials of atoms and of hosts: where they go on, what they leave at a boundary, which s states they lose."""
