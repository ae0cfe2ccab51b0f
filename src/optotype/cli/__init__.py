"""The command line: one file per command; each parses, calls and prints."""

from __future__ import annotations

import errno
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App, Parameter

COMMANDS = {
    "demo": (
        "The tour: models with declared faults on the embedded street, examined and explained in one report.",
        "optotype demo --out demo/",
    ),
    "check": (
        "What is in this data, and what is wrong with it.",
        "optotype check photos/\noptotype check annotations/instances_val2017.json",
    ),
    "split": (
        "Divide photos into train, validation and test, and write the manifest.",
        "optotype split photos/ --ratios 0.7 0.1 0.2 --seed 0 --out split.csv",
    ),
    "describe": (
        "What a network is made of: layers, shapes, parameters, multiply-accumulates, receptive fields.",
        "optotype describe resnet18 --input 3x224x224\noptotype describe detector.onnx --format md",
    ),
    "train": (
        "Train a model, judge it on the test split, and leave everything in one run folder with a report.",
        "optotype train classify --data split.csv --model small_cnn --epochs 10\n"
        "torchrun --nproc-per-node 2 -m optotype train classify --data split.csv --model resnet18",
    ),
    "predict": (
        "Write what a trained model says about images, for 'optotype evaluate' or anyone else.",
        "optotype predict classify runs/resnet18 photos/ --out predictions.npz",
    ),
    "track": (
        "Give the boxes of a detector identities over time: SEQ.txt of each sequence, pictures, a video.",
        "optotype track detections/ --tracker bytetrack --images MOT17/train --out tracks/ --video\n"
        "optotype track det/ --sweep high=0.4,0.5,0.6 buffer=0.5,1,2 --truth MOT17/train --protocol mot17 --out sweep/",
    ),
    "evaluate": (
        "Measure predictions against the truth: every number with its 95 % interval, and a report of the failures.",
        "optotype evaluate classify truth.csv predictions.csv --out out/\n"
        "optotype evaluate detect instances_val2017.json detections.json --images val2017/ --out out/",
    ),
    "compare": (
        "Which of two or more models is better, what each fixes and breaks, and can the difference be shown?",
        "optotype compare runs/small_cnn runs/resnet18 --out cmp/\n"
        "optotype compare --task detect --truth instances_val2017.json a.json b.json --names A B --out cmp/\n"
        "optotype compare old/ new/ --fail-if 'accuracy < -0.005'",
    ),
    "explain": (
        "Why a model fails: what goes with its mistakes, what it looks at, what each mistake lies near.",
        "optotype explain runs/resnet18 --columns cameras.csv",
    ),
    "study": (
        "Train the runs of a study on one split, judge and compare them, and write one report.",
        "optotype study wildlife --data photos/",
    ),
    "data": (
        "What data comes with Optotype, and getting it: the embedded street at any size, handwritten digits.",
        "optotype data list\noptotype data get world --frames 500 --domain south --out world/",
    ),
    "report": (
        "Draw the report of a run, evaluation, comparison or study again.",
        "optotype report runs/resnet18 --format md --out resnet18.md",
    ),
    "view": (
        "Open a report in the browser.",
        "optotype view runs/resnet18",
    ),
}
"""Name → one line and an example; the function ``name`` of ``optotype.cli.name`` is loaded when it is called."""

USAGE, OURS, INTERRUPTED = 2, 70, 130


def build() -> App:
    """The command-line application, with no command loaded yet."""
    from cyclopts import App

    from optotype.version import VERSION

    app = App(
        name="optotype",
        version=VERSION,
        help="An eye exam for vision models: train them, measure them exactly, and find out why they fail.",
        help_epilogue=_examples(COMMANDS["evaluate"][1])
        + "\n\nExit codes: 0 done, 1 the input is wrong, 2 wrong usage, 3 a --fail-if gate is closed, "
        "70 a bug of ours, 130 interrupted.",
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=_no_negatives(),
    )
    for name, (line, example) in COMMANDS.items():
        app.command(f"optotype.cli.{name}:{name}", name=name, help=line, help_epilogue=_examples(example))
    return app


def _examples(lines: str) -> str:
    return "\n".join(["Example:", *(f"  {line}" for line in lines.splitlines())])


def _no_negatives() -> Parameter:
    from cyclopts import Parameter

    return Parameter(negative_iterable=(), negative_none=())


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 input wrong, 2 usage, 3 gate closed, 70 our bug, 130 interrupted."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Run one command and return its exit code; every error ends in a message that a person can act on."""
    from cyclopts import CycloptsError

    from optotype.errors import OptotypeError

    try:
        code = build()(argv, exit_on_error=False, print_error=True, result_action="return_value")
        return code if isinstance(code, int) else 0
    except CycloptsError:
        return USAGE
    except OptotypeError as error:
        return _fail(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _system(error, argv)
    except KeyboardInterrupt:
        return _fail("interrupted; what was written so far is whole (go on with a run by --resume)", INTERRUPTED)
    except MemoryError:
        return _fail("out of memory\n  to do:    use a smaller --batch-size, fewer items, or a larger machine", 1)
    except Exception:  # noqa: BLE001 — the last net: the traceback goes to the crash file
        return _crash(argv)


def _fail(message: str, code: int) -> int:
    print(f"optotype: {message}", file=sys.stderr)
    return code


def _system(error: OSError, argv: list[str]) -> int:
    """Errors of the machine that the user can mend; any other is ours."""
    hints = {
        errno.ENOSPC: "free some space or choose another --out; nothing that was written before is lost",
        errno.EDQUOT: "your disk quota is used up: free some space or choose another --out",
        errno.EACCES: "check the permissions, or choose another place",
        errno.EPERM: "check the permissions, or choose another place",
        errno.EROFS: "this file system is read-only: choose another place",
        errno.ENOENT: "check the path",
        errno.ENOTDIR: "check the path",
        errno.EISDIR: "name a file, not a folder",
        errno.ENAMETOOLONG: "choose a shorter name",
    }
    if error.errno not in hints:
        return _crash(argv)
    where = os.fsdecode(error.filename) if error.filename else "the file system"
    return _fail(f"{where}\n  got:      {error.strerror}\n  to do:    {hints[error.errno]}", 1)


def _crash(argv: list[str]) -> int:
    from optotype.version import VERSION

    text = "\n".join(
        [
            f"optotype {VERSION}, Python {platform.python_version()}, {platform.platform()}",
            f"command: optotype {' '.join(argv)}",
            f"time: {time.strftime('%Y-%m-%dT%H:%M:%S%z')}",
            "",
            traceback.format_exc(),
        ]
    )
    name = f"optotype-crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (Path.cwd(), Path(tempfile.gettempdir())):
        try:
            (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        last = traceback.format_exc().strip().splitlines()[-1]
        return _fail(
            f"this is a bug of ours, not of your data: {last}\n"
            f"  to do:    please report it with the crash file {folder / name}",
            OURS,
        )
    traceback.print_exc()
    return OURS
