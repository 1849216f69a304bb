"""The server, its workspaces, and what goes wrong on request."""
