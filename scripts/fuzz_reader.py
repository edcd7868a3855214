"""Fuzz the reader with Hypothesis, by hand: ``.venv/bin/python scripts/fuzz_reader.py --seconds 3600``.

A phantom in every transfer syntax and picture format is changed at random and read, header and pixels. Its exit code
is 1 where anything but an InputError comes out, or an input takes longer than 30 s. Such inputs stay in ``--output``;
of a decoder that crashes the process, ``input`` there is the one. Needs ``apt-get install dcmtk``.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import resource
import subprocess
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openjpeg.utils
import psutil
import pydicom
import SimpleITK as sitk
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import InputError, UnexpectedImageError

_SLOWEST_S = 30
_DCMTK = {
    "ImplicitVRLittleEndian": ("dcmconv", "+ti"),
    "ExplicitVRBigEndian": ("dcmconv", "+tb"),
    "DeflatedExplicitVRLittleEndian": ("dcmconv", "+td"),
    "RLELossless": ("dcmcrle",),
    "JPEGBaseline8Bit": ("dcmcjpeg", "+eb"),
    "JPEGExtended12Bit": ("dcmcjpeg", "+ee"),
    "JPEGLosslessP14": ("dcmcjpeg", "+el"),
    "JPEGLosslessSV1": ("dcmcjpeg", "+e1"),
    "JPEGLSLossless": ("dcmcjpls", "+el"),
    "JPEGLSNearLossless": ("dcmcjpls", "+en"),
}
_WORDS = (
    b"\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"SQ\0\0\xff\xff\xff\xff", b"UN\0\0\xff\xff\xff\x7f", b"OB", b"DS", b"\xe0\x7f\x10\x00", b"\x28\x00\x10\x00",
    b"\0" * 64, b"\xff" * 64, b"\xff\xd8", b"\xff\xd9", b"\xff\xda", b"\xff\xc3", b"\xff\x4f\xff\x51", b"\xff\x90",
    b"nan", b"-1", b"1e400", b"\\", b"0\\0", b"AUTO", b"\x1b$B", b"1.2.840.10008.1.2.4.90",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One change of a file; ``start`` is a share of it."""

    kind: str
    start: float
    length: int
    word: bytes

    def __call__(self, whole: bytes) -> bytes:
        """The changed file."""
        start = int(self.start * len(whole))
        end = min(start + self.length, len(whole))
        changed = {
            "overwrite": lambda: whole[:start] + self.word + whole[start + len(self.word) :],
            "insert": lambda: whole[:start] + self.word + whole[start:],
            "lose": lambda: whole[:start] + whole[end:],
            "repeat": lambda: whole[:end] + whole[start:],
            "cut": lambda: whole[:start],
        }
        return changed[self.kind]()


_SHARES = st.floats(0, 1, exclude_max=True)
_EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(("overwrite", "overwrite", "insert", "lose", "repeat", "cut")),
        _SHARES | _SHARES.map(lambda share: share**4),  # every second one near the beginning, where headers are
        st.integers(1, 9) | st.integers(1, 3000),
        st.sampled_from(_WORDS) | st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def main() -> None:
    """Fuzz in rounds, a file each, and print what came out and the memory."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=300)
    options.add_argument("--seed", type=int, default=1, help="of the first round")
    options.add_argument("--examples", type=int, default=200, help="of a file in a round")
    options.add_argument("--output", type=Path, default=Path("runs/fuzz-reader"))
    chosen = options.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    files = phantoms(chosen.output)
    outcomes: Counter[str] = Counter()
    resident, ends = [], time.monotonic() + chosen.seconds
    process = psutil.Process()
    for number, (name, whole) in enumerate(itertools.cycle(files.items())):
        if time.monotonic() > ends:
            break
        outcomes += fuzz(name, whole, chosen.seed + number, chosen.examples, chosen.output)
        if number % len(files) == len(files) - 1:  # each file was read: all decoders are loaded
            resident.append(process.memory_info().rss >> 20)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{outcomes.total()} inputs of {len(files)} kinds:", dict(outcomes))
    if resident:
        quarters = [resident[len(resident) * part // 4] for part in range(4)] + [resident[-1]]
        print("MiB, by quarters of the time:", *quarters, "at most:", most)
    sys.exit(1 if outcomes["failed"] else 0)


def fuzz(name: str, whole: bytes, number: int, examples: int, folder: Path) -> Counter[str]:
    """How often changes of a file were read, refused, or failed; what failed is written to the folder."""
    outcomes: Counter[str] = Counter()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(_EDITS)
    def check(edits: list[Edit]) -> None:
        changed = whole
        for edit in edits:
            changed = edit(changed)
        outcomes[outcome(changed, folder)] += 1

    try:
        check()
    except Exception as error:  # noqa: BLE001 - any error is a fault that we look for
        kept = (folder / "input").replace(folder / f"{name}-{number}")
        print(f"{kept}: {type(error).__name__}: {error}", file=sys.stderr)
        outcomes["failed"] += 1
    return outcomes


def outcome(content: bytes, folder: Path) -> str:
    """What comes of a file's content, or the error that must not be."""
    path = folder / "input"
    path.write_bytes(content)
    faulthandler.dump_traceback_later(_SLOWEST_S, exit=True)
    try:
        for read in (read_header, read_mammogram):
            read(path)
    except UnexpectedImageError:
        raise
    except InputError as error:
        said = str(error)
        assert said.startswith(f"{path}: "), said
        assert "\n" not in said, said
        return "refused"
    finally:
        faulthandler.cancel_dump_traceback_later()
    return "read"


def phantoms(folder: Path) -> dict[str, bytes]:
    """The content of a phantom's file by transfer syntax or picture format."""
    exam = make_phantom_exam(1, rows=96, columns=80, spacing=(2.6, 2.6))
    plain = write_phantom_exam(exam, folder / "plain")[3]
    found = {"ExplicitVRLittleEndian": plain.read_bytes()}
    made = folder / "made"
    for keyword, (program, *words) in _DCMTK.items():
        subprocess.run([program, *words, plain, made], check=True, capture_output=True)
        found[keyword] = made.read_bytes()
    for keyword, lossy in (("JPEG2000Lossless", {}), ("JPEG2000", {"compression_ratios": [4]})):
        dataset = pydicom.dcmread(plain)
        stream = openjpeg.utils.encode_array(dataset.pixel_array, bits_stored=12, photometric_interpretation=2, **lossy)
        dataset.PixelData = encapsulate([bytes(stream) + b"\0" * (len(stream) % 2)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        dataset.file_meta.TransferSyntaxUID = getattr(uid, keyword)
        dataset.save_as(made)
        found[keyword] = made.read_bytes()
    picture = Image.fromarray(np.rint(exam.views[3].pixels * 255).astype(np.uint8))
    for suffix in ("png", "jpg", "tiff", "pgm"):
        picture.save(folder / f"made.{suffix}")
        found[suffix] = (folder / f"made.{suffix}").read_bytes()
    for name, content in found.items():
        assert outcome(content, folder) == "read", name
    return found


if __name__ == "__main__":
    main()
