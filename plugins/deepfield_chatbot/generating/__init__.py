"""Parts of the generator: folders of language models, prompts, and checks of what was written."""
