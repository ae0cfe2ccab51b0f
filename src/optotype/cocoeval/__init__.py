"""pycocotools' interface on Optotype's evaluation of boxes: change the import, keep the code.

    from optotype.cocoeval import COCO, COCOeval

Precision, recall, scores, ``stats`` and what ``summarize`` prints are pycocotools' to the last bit and character. What
is not supported (masks, keypoints, other IoU thresholds than a choice of the ten) is an InputError that says so.
"""

from optotype.cocoeval.annotations import COCO
from optotype.cocoeval.evaluation import COCOeval
from optotype.cocoeval.params import Params

__all__ = ["COCO", "COCOeval", "Params"]
