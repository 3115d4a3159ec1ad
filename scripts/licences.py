"""Lists the installed Python packages with their licences: `make licences`.

`--sbom` prints them as a CycloneDX bill of materials instead. Both read the metadata of the
installed packages, so that they also describe the container image.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions

UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class Package:
    name: str
    version: str
    licence: str


def installed() -> list[Package]:
    """The installed packages without duplicates, sorted by name."""
    found = {each.name.lower(): each for each in map(_package, distributions())}
    return [found[name] for name in sorted(found)]


def _package(distribution: Distribution) -> Package:
    metadata = distribution.metadata
    candidates = [
        *metadata.get_all("License-Expression", []),
        *metadata.get_all("License", []),
        *(
            each.rpartition("::")[2].strip()
            for each in metadata.get_all("Classifier", [])
            if each.startswith("License ::")
        ),
        *(
            distribution.read_text(f"licenses/{file}") or ""
            for file in metadata.get_all("License-File", [])
        ),
    ]
    # Some packages give the whole text, whose first line is the name.
    licence = next(filter(None, candidates), UNKNOWN).strip().splitlines()[0]
    return Package(distribution.name, distribution.version, licence)


def sbom(packages: Iterable[Package]) -> dict[str, object]:
    """A CycloneDX 1.5 document."""
    components = [
        {
            "type": "library",
            "name": each.name,
            "version": each.version,
            "purl": f"pkg:pypi/{each.name.lower().replace('_', '-')}@{each.version}",
            "licenses": [{"license": {"name": each.licence}}],
        }
        for each in packages
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "restaurant-qr"}},
        "components": components,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.licences", description=__doc__)
    parser.add_argument("--sbom", action="store_true", help="as a CycloneDX document")
    packages = installed()
    if parser.parse_args().sbom:
        json.dump(sbom(packages), sys.stdout, indent=2)
        print()
        return
    for each in packages:
        print(f"{each.name:<44}{each.version:<16}{each.licence}")


if __name__ == "__main__":
    main()
