"""What pages of lane detection show beyond a table: a drive over time, a picture, the ground."""
