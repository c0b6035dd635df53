"""What a site's answers have held, in the ledger."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta

import structlog

from optimizer.domain.snapshot import Ratings, SiteReading
from optimizer.last_assets import LastAssets
from optimizer.ledger import Ledger, instant_from

MARK = "assets"
WRITTEN_EACH = timedelta(hours=1)
"""Times on record are this old at most: a card that wears out need not be written each minute."""


def last_assets(ledger: Ledger, site_id: str) -> LastAssets:
    """As recorded; nothing where there is no record, or a damaged one, which is reported. Raises sqlite3.Error."""
    rows = ledger.rows("SELECT content FROM marks WHERE site_id = ? AND name = ?", (site_id, MARK))
    try:
        return _assets_from(rows[0][0]) if rows else LastAssets()
    except (ValueError, TypeError, KeyError) as error:
        detail = f"what is on record of '{MARK}' is damaged: {error}"
        structlog.get_logger().error("ledger_not_read", site_id=site_id, detail=detail)
        return LastAssets()


def note_assets(ledger: Ledger, site_id: str, reading: SiteReading) -> None:
    """Remember what an answer held, where that is news; ``site_id`` as the settings spell it. Raises sqlite3.Error."""
    before = last_assets(ledger, site_id)
    after = before.after(reading)
    if not _is_news(before, after):
        return
    at_s = int(reading.read_at.timestamp())
    row = (site_id, MARK, at_s, json.dumps(asdict(after), default=datetime.isoformat))
    ledger.write(("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", [row]))


def _is_news(before: LastAssets, after: LastAssets) -> bool:
    moments = (
        (before.grid_at, after.grid_at),
        (before.battery_at, after.battery_at),
        (before.solar_at, after.solar_at),
    )
    for was_at, is_at in moments:
        if is_at is not None and (was_at is None or abs(is_at - was_at) >= WRITTEN_EACH):
            return True
    return (before.grid, before.solar_rated_kw) != (after.grid, after.solar_rated_kw)


def _assets_from(text: str) -> LastAssets:
    document = json.loads(text)
    grid = document["grid"]
    return LastAssets(
        grid=Ratings(intake_kw=_number(grid["intake_kw"]), output_kw=_number(grid["output_kw"])),
        grid_at=_moment(document["grid_at"]),
        battery_at=_moment(document["battery_at"]),
        solar_at=_moment(document["solar_at"]),
        solar_rated_kw=_number(document["solar_rated_kw"]),
    )


def _number(stored: float | None) -> float | None:
    return None if stored is None else float(stored)


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else instant_from(stored)
