"""What the pages of the chatbot show beyond a table: a conversation, and the answers of a run."""
