"""`python -m tests.fuzz --seconds 60`: search with atheris for inputs that violate `targets.py`.

Needs atheris (`pip install atheris`), which is in no lock file because it has no builds for some
supported Pythons and machines. The search starts with the inputs in `corpus/` and those that
earlier runs found, in `.data/fuzz`. It writes a failing input to `.data/fuzz/crash-…`: fix the bug
and add the input to `corpus/`.
"""

import argparse
import sys

try:
    import atheris
except ImportError:
    sys.exit("This needs atheris: pip install atheris")

with atheris.instrument_imports(include=["protocol", "gateway"]):
    from scripts.environment import ROOT
    from tests.fuzz.targets import CORPUS, one_input

FOUND = ROOT / ".data" / "fuzz"
MAX_INPUT_BYTES = 4096


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={wanted.seconds}", f"-max_len={MAX_INPUT_BYTES}", f"-seed={wanted.seed}",
        "-timeout=10", f"-artifact_prefix={FOUND}/", str(FOUND), str(CORPUS),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
