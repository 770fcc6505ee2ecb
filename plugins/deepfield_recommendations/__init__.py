"""Recommendations: what next for a user, and because of what?

Not yet a domain: here are the sequences that models read, the baselines, the networks with their
training, and the figures that compare them. ``benchmarks/next_item.py`` runs them all.
"""
