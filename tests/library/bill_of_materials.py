"""`make sbom`: adds to a CycloneDX bill what the first fit fetches: Stan's wheel, zig's, and what they hold.

Usage: python -m tests.library.bill_of_materials BILL.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from workbench.toolchain.licences import list_fetched
from workbench.toolchain.pins import read_pins


def list_components() -> list[dict[str, Any]]:
    """Return what is fetched, in CycloneDX's words; the wheels with their hashes."""
    wheels = [
        {
            "type": "library",
            "bom-ref": f"fetched:{wheel.name}",
            "name": wheel.name,
            "version": wheel.version,
            "purl": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
            "scope": "required" if wheel.name == read_pins().stan_wheel else "optional",
        }
        for wheel in read_pins().wheels
    ]
    held = [
        {
            "type": "library",
            "bom-ref": f"fetched:{part.name}",
            "name": part.name,
            **({"version": part.version} if part.version else {}),
            "description": part.role,
            "licenses": [{"expression": part.licence}],
            "externalReferences": [{"type": "website", "url": part.source}],
        }
        for part in list_fetched()
        if part.name not in {wheel.name for wheel in read_pins().wheels}
    ]
    return wheels + held


def main(path: Path) -> None:
    """Add the components to a bill."""
    bill = json.loads(path.read_text(encoding="utf-8"))
    bill["components"] = [*bill.get("components", []), *list_components()]
    path.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
