"""Conditions: measured properties of what is judged, such as size, blur and crowding."""

from optotype.diagnose.conditions.columns import PREFIX
from optotype.diagnose.conditions.known import BOX_COLUMNS, Features, Objects, Regions, Tracked
from optotype.diagnose.conditions.measuring import Conditions, measure
from optotype.diagnose.conditions.registry import BY_KEY, CONDITIONS, FLAGS, Condition
from optotype.diagnose.conditions.tabling import TABLE, attach, name, of_table, table

__all__ = [
    "BOX_COLUMNS", "BY_KEY", "CONDITIONS", "FLAGS", "PREFIX", "TABLE", "Condition", "Conditions", "Features",
    "Objects", "Regions", "Tracked", "attach", "measure", "name", "of_table", "table",
]  # fmt: skip
