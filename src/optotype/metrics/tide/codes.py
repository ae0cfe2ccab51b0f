"""The names of TIDE's errors, for the codes that the evidence holds."""

from __future__ import annotations

import numpy as np

from optotype.kernels.tide import BKG, BOTH, CLS, DUPE, IGNORED, LOC
from optotype.tables import Array, Strings

ERROR_NAMES = {
    "Cls": "wrong class on a well placed box",
    "Loc": "right class, badly placed",
    "Both": "wrong class and badly placed",
    "Dupe": "a second box on an object already found",
    "Bkg": "nothing is there",
    "Miss": "an object that nothing finds or nearly finds",
    "FP": "all false detections together",
    "FN": "all missed objects together",
}
"""What each error is, in a few words."""

_CODES = {CLS: "Cls", LOC: "Loc", BOTH: "Both", DUPE: "Dupe", BKG: "Bkg"}
_BY_CODE = np.array([_CODES.get(code, "") for code in range(IGNORED)])


def error_names(code: Array) -> Strings:
    """Name of the error of each detection (n,), from a column of ``tide``; empty for none.

    >>> error_names(np.array([1, 3, 6 + 8], np.uint8)).tolist()
    ['', 'Loc', 'Bkg']
    """
    return np.asarray(_BY_CODE[code & (IGNORED - 1)])
