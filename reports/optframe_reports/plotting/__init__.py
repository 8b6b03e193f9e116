"""What figures share: groups, axes, lines, strips and the numbers that they are drawn from."""
