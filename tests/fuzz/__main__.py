"""`python -m tests.fuzz --seconds 60`: let atheris look for what breaks the rules of `targets.py`.

Needs atheris, which has no builds for every Python and machine that this project runs on, and is
therefore in no lock file: `pip install atheris`. It begins with the inputs in `corpus/`; what it
finds beside goes to `.data/fuzz` and stays there for the next time. Whatever breaks something is
written into `.data/fuzz` too, as `crash-…`: mend it, then keep it in `corpus/`.
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
LONGEST = 4096


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={wanted.seconds}", f"-max_len={LONGEST}", f"-seed={wanted.seed}",
        "-timeout=10", f"-artifact_prefix={FOUND}/", str(FOUND), str(CORPUS),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
