"""A running application by its settings and secrets as they are now; what is wrong leaves it as it was."""

from optimizer.app import LiveApplication, ledger_path, rebuild_live
from optimizer.errors import ConfigError
from optimizer.settings_file import load_settings


def reloaded(app: LiveApplication) -> LiveApplication:
    """By the settings file as it is now. Raises ConfigError, also where the ledger would be another."""
    settings = load_settings(app.file)
    folder, environ = app.file.parent, app.around.environ
    was, would_be = (ledger_path(each, folder, environ) for each in (app.settings, settings))
    if was != would_be:
        msg = f"ledger.path: {would_be} instead of {was}: the ledger is moved by a restart, not by a reload"
        raise ConfigError(msg)
    return rebuild_live(app, settings)


def with_new_secrets(app: LiveApplication) -> tuple[LiveApplication, tuple[str, ...]] | None:
    """By the same settings and the secrets as they are now, with the names of those that are other; None: none is.

    Raises ConfigError.
    """
    replaced = app.around.replaced()
    return (rebuild_live(app, app.settings), replaced) if replaced else None
