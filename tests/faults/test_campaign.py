"""A day of faults of every kind, with a real process that is really killed; ``make campaign`` runs a month."""

import pytest
from faults.campaign import FAULTS, MUST_BE_ZERO, run


@pytest.mark.slow
@pytest.mark.timeout(170)
def test_after_faults_of_every_kind_nothing_is_invalid_unexplained_or_doubled(tmp_path):
    said: list[str] = []
    found = run(tmp_path, seed=11, cycles=64, fault_share=0.6, say=said.append)

    assert found["faults"] >= 30
    assert set(found["faults_by_kind"]) == set(FAULTS), "every kind occurred"
    assert {name: found[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    assert found["alive"]
    assert found["outcomes"]["Posted"] > 20
