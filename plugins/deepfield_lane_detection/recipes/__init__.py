"""Commands that made what the plugin ships."""
