"""What networks are made of: layers, losses, and the problem of training them."""
