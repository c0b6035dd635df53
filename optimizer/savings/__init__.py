"""What planning saved: each day that is over priced in four ways by the tariff that applied, and kept."""

from optimizer.savings.day import DayBills, DayRecord, day_problem, price_day
from optimizer.savings.store import SavingsStore

__all__ = ["DayBills", "DayRecord", "SavingsStore", "day_problem", "price_day"]
