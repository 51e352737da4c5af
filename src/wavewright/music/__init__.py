"""Music: scores, their files and images, and instruments that play them."""
