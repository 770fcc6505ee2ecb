"""Fraud detection: transactions in, probabilities, decisions and reasons out."""
