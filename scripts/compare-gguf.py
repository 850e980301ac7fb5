"""Reads 200 files of this library with the reference package: pip install gguf==0.19.0 numpy

Every tensor must have the name, type, shape and bytes that were put in. Prints one line, exits with 1 on a difference.
"""
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from gguf import GGUFReader

ROOT = Path(__file__).parent.parent
# The package does not know Q2_0 yet, and gives blocks of Q8_1 40 bytes where ggml has 36.
WITHOUT = ["Q2_0", "Q8_1"]


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = [ROOT / "scripts" / "run.mjs", ROOT / "test" / "formats" / "gguf" / "print.ts"]
        subprocess.run(["node", *program, folder, *WITHOUT], check=True)
        files = json.loads((folder / "corpus.json").read_text())
        tensors = different = 0
        for file in files:
            found = GGUFReader(folder / file["name"]).tensors
            wanted = file["tensors"]
            if len(found) != len(wanted):
                different += 1
                print(f"{file['name']}: {len(found)} tensors, not {len(wanted)}")
            for ours, theirs in zip(wanted, found):
                tensors += 1
                shape = [int(length) for length in theirs.shape][::-1]
                sha256 = hashlib.sha256(theirs.data.tobytes()).hexdigest()
                same = (ours["name"], ours["type"], ours["shape"], ours["sha256"]) == (
                    theirs.name, theirs.tensor_type.name, shape, sha256)
                if not same:
                    different += 1
                    print(f"{file['name']}: {ours['name']} differs: {theirs.tensor_type.name} {shape}")
        print(f"files={len(files)} tensors={tensors} different={different}")
        return 1 if different else 0


sys.exit(main())
