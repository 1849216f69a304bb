"""Files of volumes, up and down as streams."""
