"""What holds for every test: no deadline for an example, since a machine may be busy."""

from hypothesis import settings

settings.register_profile("dara", deadline=None)
settings.load_profile("dara")
