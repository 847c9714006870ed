"""Look at a bundle without running anything of it."""

from __future__ import annotations

from pathlib import Path

from twofold.shell.told import Told, bundle_of, finite, key

_WHERE = {"package": "in an installed package", "store": "in the store", "": "not found"}


def inspect(folder: Path, verify: str | None) -> Told:
    """Look at a bundle."""
    from twofold.bundle.inspect import inspect as look

    found = look(bundle_of(folder), verify=key(verify))
    lines = [f"{found.path}: {'whole' if found.whole else 'NOT to be loaded'}"]
    if found.manifest is not None:
        about = found.manifest.about
        lines += [
            f"  {about.task} of '{about.target}' by '{about.model}' ({about.family}), made {about.created}",
            f"  {about.verdict}",
            f"  {len(found.blobs)} blobs, {found.size:,} bytes; signature: {found.signature}",
            *(
                f"    {step.kind:22} {step.bytes:>10,} bytes  {', '.join(step.requires)}"
                for step in found.steps
            ),
            *(
                f"    held elsewhere: {blob.path}, {blob.bytes:,} bytes, SHA-256 {blob.sha256}: "
                f"{_WHERE[blob.where]}"
                for blob in found.elsewhere
            ),
        ]
    lines += [f"  problem: {problem}" for problem in found.problems]
    lines += [f"  not part of it: {name}" for name in found.extra]
    return Told("\n".join(lines), finite(found.to_json()), good=found.whole)
