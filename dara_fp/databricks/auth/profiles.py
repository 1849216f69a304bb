"""Profiles: sections of `~/.databrickscfg`, read as the official SDK reads them."""

import configparser
from collections.abc import Mapping
from pathlib import Path

import attrs

from dara_fp.core.errors import ConfigurationError

__all__ = ["Profile", "read_profile"]

_SETTINGS = "__settings__"
_DEFAULT = "DEFAULT"
_FILE = "~/.databrickscfg"


@attrs.frozen(kw_only=True)
class Profile:
    """A section of the file.

    Attributes:
        name: Its name.
        told: What to call it in an error.
        values: Its keys and values; blank ones are left out.
    """

    name: str
    told: str
    values: Mapping[str, str] = attrs.field(repr=False)


def read_profile(name: str | None, file: str | None, *, named_by: str) -> Profile | None:
    """Give the profile *name* of *file*, or the default one where there is one.

    The default is what the file's own settings name, or else its `DEFAULT` section; a section
    inherits nothing from that one (databricks-sdk 0.156, `Config`).

    Args:
        name: The profile, or None for the default.
        file: The file, or None for `~/.databrickscfg`.
        named_by: What names the profile, for an error.

    Raises:
        ConfigurationError: There is no such profile, or the file cannot be read.
    """
    shown = file or _FILE
    sections = _sections(shown)
    wanted = name or sections.get(_SETTINGS, {}).get("default_profile", "").strip() or None
    known = [section for section in sections if section != _SETTINGS]
    found = wanted or (_DEFAULT if _DEFAULT in known else None)
    if found is None:
        return None
    if found not in known:
        told = f"{named_by} is {name!r}" if name else f"the default profile is {found!r}"
        raise ConfigurationError(
            f"{told}, which {shown} does not have: it has {', '.join(known) or 'no profile'}"
        )
    values = {key: value.strip() for key, value in sections[found].items() if value.strip()}
    return Profile(name=found, told=f"profile {found!r} in {shown}", values=values)


def _sections(shown: str) -> dict[str, dict[str, str]]:
    # DEFAULT is a section like any other: nobody inherits from it.
    parser = configparser.ConfigParser(default_section="", interpolation=None)
    try:
        parser.read(Path(shown).expanduser(), encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError, RuntimeError) as error:
        # Not its text: it shows lines of the file, and those hold secrets.
        raise ConfigurationError(
            f"{shown} cannot be read ({type(error).__name__}): mend it, or name another file"
        ) from None
    return {name: dict(parser.items(name)) for name in parser.sections()}
