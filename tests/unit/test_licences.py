"""Licences of the installed packages, and NOTICE for those under a copyleft licence."""

import re

import pytest

from scripts.environment import ROOT
from scripts.licences import UNKNOWN, Package, installed, sbom

COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL")
LOCKED = {
    line.partition("==")[0].lower()
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if "==" in line
}


@pytest.mark.parametrize(
    "package",
    [each for each in installed() if each.name.lower().replace("_", "-") in LOCKED],
    ids=str,
)
def test_each_package_of_the_image_has_a_known_licence(package: Package) -> None:
    assert package.licence != UNKNOWN
    if COPYLEFT.search(package.licence):
        assert package.name in (ROOT / "NOTICE").read_text(), package


def test_the_image_has_the_notice() -> None:
    dockerfile = (ROOT / "deploy" / "kubernetes" / "Dockerfile").read_text()
    assert re.search(r"^COPY LICENSE NOTICE ", dockerfile, re.M)


def test_the_bill_of_materials_names_each_package_once() -> None:
    packages = [Package("ray", "2.60.0", "Apache 2.0"), Package("typing_extensions", "4.1", "PSF")]
    document = sbom(packages)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    components = document["components"]
    assert isinstance(components, list)
    assert [each["purl"] for each in components] == [
        "pkg:pypi/ray@2.60.0",
        "pkg:pypi/typing-extensions@4.1",
    ]
