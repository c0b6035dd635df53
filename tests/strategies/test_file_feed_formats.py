import gzip
from datetime import UTC, datetime

import pandas as pd
import pytest

from strategies import FeedContext, Series, SourceMalformed
from strategies.feeds.file import FileFeed

TEXT = "start,price\n2026-05-06T00:00Z,1.5\n2026-05-06T01:00Z,2.5\n2026-05-06T02:00Z,\n"
START = pd.to_datetime(["2026-05-06T00:00Z", "2026-05-06T01:00Z", "2026-05-06T02:00Z"])
FRAME = pd.DataFrame({"start": START, "price": [1.5, 2.5, None]})


@pytest.fixture
def fetch(tmp_path):
    def do(name: str) -> Series:
        feed = FileFeed(FileFeed.Options(path=name), FeedContext(base_folder=tmp_path, zone="Europe/Berlin"))
        return feed.fetch(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    return do


@pytest.fixture
def expected(fetch, tmp_path):
    (tmp_path / "p.csv").write_text(TEXT)
    return fetch("p.csv")


def test_csv_gz_holds_what_csv_holds(fetch, tmp_path, expected):
    assert len(expected) == 2
    (tmp_path / "p.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert fetch("p.csv.gz") == expected


def test_a_csv_of_a_spreadsheet_with_its_byte_order_mark_is_read(fetch, tmp_path, expected):
    (tmp_path / "bom.csv").write_bytes(TEXT.replace("\n", "\r\n").encode("utf-8-sig"))
    assert fetch("bom.csv") == expected


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        FRAME.set_index("start"),
        FRAME.set_index("start").rename_axis(index=None),
        FRAME.assign(start=FRAME["start"].dt.tz_convert("Europe/Berlin")),
        FRAME.assign(start=FRAME["start"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)),
        FRAME.assign(start=FRAME["start"].dt.strftime("%Y-%m-%dT%H:%MZ")),
    ],
    ids=["column", "index", "unnamed index", "other zone", "local", "text"],
)
def test_parquet_holds_what_csv_holds_however_its_times_are_kept(fetch, tmp_path, expected, frame):
    frame.to_parquet(tmp_path / "p.parquet")
    assert fetch("p.parquet") == expected


def test_parquet_times_that_are_numbers_are_malformed(fetch, tmp_path):
    FRAME.assign(start=range(3)).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(SourceMalformed, match="line 1, column 'start': 0 is not a time"):
        fetch("p.parquet")
