"""How the network learns: scenes, what is changed in them at random, targets, loss."""
