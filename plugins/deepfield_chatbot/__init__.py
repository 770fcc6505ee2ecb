"""Chatbot: answers from a person's own documents, with the line that they come from.

This package holds the parts: documents are read and cut into passages, a knowledge base keeps and
finds them. The domain joins them once its reader is trained.
"""
