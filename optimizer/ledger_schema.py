"""The ledger's tables, their version, and the steps from each older version to the next."""

SCHEMA_VERSION = 4
TELEMETRY_COLUMNS = ("load_kw", "solar_kw", "heat_kw", "thermal_kw", "outdoor_c", "other_kw")

VERSION_1 = f"""
CREATE TABLE IF NOT EXISTS telemetry (
    site_id TEXT NOT NULL, at INTEGER NOT NULL,
    {", ".join(f"{name} REAL" for name in TELEMETRY_COLUMNS)}, soc_percent REAL,
    PRIMARY KEY (site_id, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meter (
    site_id TEXT NOT NULL, at INTEGER NOT NULL, import_kw REAL, export_kw REAL,
    PRIMARY KEY (site_id, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cycles (
    cycle_id INTEGER PRIMARY KEY, site_id TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL,
    detail TEXT, batch_id TEXT, accepted INTEGER, verdict TEXT, objective REAL, currency TEXT, body BLOB);
CREATE INDEX IF NOT EXISTS cycles_by_site ON cycles (site_id, at);
CREATE INDEX IF NOT EXISTS cycles_by_batch ON cycles (batch_id);
"""
VERSION_2 = """
CREATE TABLE IF NOT EXISTS shadow_standing (
    site_id TEXT NOT NULL, name TEXT NOT NULL, soc_kwh REAL NOT NULL, settled_until INTEGER NOT NULL,
    decided TEXT NOT NULL, PRIMARY KEY (site_id, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shadow_meter (
    site_id TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, import_kwh REAL, export_kwh REAL, soc_kwh REAL,
    moved_kwh REAL, PRIMARY KEY (site_id, name, at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shadow_day (
    site_id TEXT NOT NULL, name TEXT NOT NULL, day TEXT NOT NULL, cost REAL, currency TEXT, quarters INTEGER,
    PRIMARY KEY (site_id, name, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, site_id TEXT NOT NULL, slot TEXT NOT NULL, kind TEXT NOT NULL,
    epoch INTEGER NOT NULL, cycle_id INTEGER, intended_at TEXT NOT NULL, ends_at TEXT, commands TEXT NOT NULL,
    state TEXT NOT NULL, sends INTEGER NOT NULL, batch_id TEXT, accepted INTEGER, answered_at TEXT,
    confirmed_at TEXT, effective_at TEXT, detail TEXT);
CREATE INDEX IF NOT EXISTS batches_by_site ON batches (site_id, number);
CREATE INDEX IF NOT EXISTS batches_by_id ON batches (batch_id);
CREATE TABLE IF NOT EXISTS leases (
    site_id TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS foreign_hands (
    site_id TEXT NOT NULL, pair TEXT NOT NULL, content TEXT NOT NULL, seen_at INTEGER NOT NULL,
    respected_until INTEGER NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (site_id, pair)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    site_id TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL,
    PRIMARY KEY (site_id, name)) WITHOUT ROWID;
ALTER TABLE telemetry ADD COLUMN battery_kw REAL;
"""
VERSION_3 = """
CREATE TABLE IF NOT EXISTS savings_day (
    site_id TEXT NOT NULL, day TEXT NOT NULL, no_battery REAL NOT NULL, self_consumption REAL NOT NULL,
    daemon REAL NOT NULL, perfect_foresight REAL NOT NULL, currency TEXT NOT NULL,
    PRIMARY KEY (site_id, day)) WITHOUT ROWID;
"""
VERSION_4 = "ALTER TABLE cycles ADD COLUMN issued BLOB;"
MIGRATIONS = {0: VERSION_1, 1: VERSION_2, 2: VERSION_3, 3: VERSION_4}
"""From each version to the next; an empty file is of version 0."""
