"""A secret is hidden in whatever form it comes back, and nothing else is."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest

from optimizer.domain.secret_forms import without

KEY = "agk_7fQ+z/Lw2K9p=.ags_Vx0/81+aPq3m"


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        "ags_Vx0/81+aPq3m",
        "7fQ+z/Lw2K9p=",
        quote(KEY, safe=""),
        quote_plus(KEY),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
    ],
)
def test_it_is_hidden_whole_and_in_parts_as_it_is_and_encoded(written: str):
    assert without(f"before {written} after", [KEY]) in {"before *** after", "before ags_*** after"}


@pytest.mark.parametrize("before", ["", "B", "Be", "Bearer "])
@pytest.mark.parametrize("coder", [b64encode, urlsafe_b64encode])
def test_of_a_base64_text_no_more_than_the_ends_are_left(before: str, coder):
    left = without(coder(f"{before}{KEY} and more".encode()).decode(), [KEY])

    assert len(left.replace("***", "")) < len(coder(f"{before} and more".encode())) + 6


def test_quotes_and_backslashes_are_found_in_json():
    secret = 'pa"ss\\word'

    assert secret not in json.loads(without(json.dumps({"a": secret}), [secret]))["a"]
    assert "ss" not in without(json.dumps({"a": secret}), [secret])


def test_other_words_stay_as_they_are():
    words = "agk_ is how a key begins; the ags_ part follows. Nothing to hide: 12345678"

    assert without(words, [KEY, "", "aris_tok_demo"]) == words
