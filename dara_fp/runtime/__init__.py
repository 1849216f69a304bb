"""Running workflows in the background: the executor and its workers."""
