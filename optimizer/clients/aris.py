"""The Aris hydronic control unit: every wire fact of it stands here or in ``wire.py``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from optimizer.clients.http import HttpDoor
from optimizer.clients.wire import HcuWire
from optimizer.domain.snapshot import HcuReading, HcuState, HeatSource

HCU_PATH = "/api/hcu"


@dataclass(frozen=True, slots=True)
class ArisClient:
    """Reads the HCU's status. It has no time stamp of its own, so ``now`` gives one."""

    door: HttpDoor
    now: Callable[[], datetime]

    def read_hcu(self, *, within_s: float) -> HcuReading:
        """The present state. Raises SourceError."""
        body = self.door.get_json(HCU_PATH, within_s=within_s)
        try:
            wire = HcuWire.model_validate(body)
        except ValidationError as error:
            raise self.door.malformed(HCU_PATH, error) from None
        return hcu_reading(wire, self.now())


def hcu_reading(wire: HcuWire, now: datetime) -> HcuReading:
    """Wire values as the domain knows them."""
    return HcuReading(
        read_at=now,
        source=_member(HeatSource, wire.source_type),
        mode=wire.mode,
        state=_member(HcuState, wire.state),
        thermal_kw=wire.thermal_kw,
        electrical_kw=None if wire.electrical_kw is None else max(wire.electrical_kw, 0.0),
        cop=wire.cop,
        outdoor_c=wire.outdoor_c,
        backup_heater_active=wire.backup_heater_active,
        active_faults=tuple(wire.active_faults or ()),
    )


def _member[E: (HeatSource, HcuState)](kinds: type[E], text: str | None) -> E | None:
    """The enum's member for a word, or None for a word that is not known (yet)."""
    return next((kind for kind in kinds if kind.value == text), None)
