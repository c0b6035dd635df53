"""What is charged for the energy of a whole billing period, as it bears on one horizon."""

from dataclasses import dataclass

from optimizer.domain.peaks import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredEnergy:
    """Beyond ``above_kwh[k]`` of the energy counted each kWh costs (export: earns) ``added_price_per_kwh[k]`` more.

    ``counts`` tells which slots are counted, after ``so_far_kwh``. Money: what is added by more than that.
    """

    name: str
    counts: tuple[bool, ...]
    above_kwh: tuple[float, ...]
    added_price_per_kwh: tuple[float, ...]
    direction: Direction = Direction.IMPORT
    so_far_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NettedEnergy:
    """Import and export of the slots of one group are set off against each other; what remains is priced.

    ``group_of_slot`` numbers the groups from 0; -1 is in none. The slots of a group have the same prices. What
    a group imported and exported before the horizon is in ``so_far_import_kwh`` and ``so_far_export_kwh``.
    """

    group_of_slot: tuple[int, ...]
    so_far_import_kwh: tuple[float, ...]
    so_far_export_kwh: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastBill:
    """The bill of a month must come to something; the rest is added.

    ``missing`` is what lacks before anything more flows (negative: so much less does not matter). Counted are the
    energy of the slots ``[first_slot, end_slot)``, netting of groups that begin there, and the ``charges`` named.
    """

    name: str
    missing: float
    first_slot: int
    end_slot: int
    charges: tuple[str, ...] = ()
