"""What plugins with torch networks share: weights, engines, attribution, training.

Beside the core, not under it: only this package and predictors import torch.
"""
