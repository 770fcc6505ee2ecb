"""How the shipped models came about: each module with a command line is a recipe to run."""
