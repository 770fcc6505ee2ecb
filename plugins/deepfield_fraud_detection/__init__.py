"""Fraud detection: transactions in, probabilities and reasons out."""
