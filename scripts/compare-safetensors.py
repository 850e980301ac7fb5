"""Compares our reader's verdicts with those of the reference implementation: pip install safetensors==0.8.0

    python scripts/compare-safetensors.py [random mutants, default 200000]

Fails when a recorded verdict of the reference is wrong, or when we accept a file that the reference rejects.
"""
import base64
import collections
import json
import subprocess
import sys
from pathlib import Path

import safetensors

ROOT = Path(__file__).parent.parent
COUNT = sys.argv[1] if len(sys.argv) > 1 else "200000"


def verdict(data: bytes) -> str:
    try:
        safetensors.deserialize(data)
        return "accepts"
    except safetensors.SafetensorError:
        return "rejects"


counts: collections.Counter = collections.Counter()
wrong = []
command = ["node", "scripts/run.mjs", "test/malformed/safetensors/print.ts", COUNT]
with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
    for line in process.stdout:
        case = json.loads(line)
        theirs = verdict(base64.b64decode(case["base64"]))
        counts[f"we {case['ours'][:-1]}, the reference {theirs}"] += 1
        if case["reference"] not in (None, theirs):
            wrong.append(f"recorded verdict is not {theirs}: {case['name']}")
        if case["ours"] == "accepts" and theirs == "rejects":
            wrong.append(f"we are looser: {case['name']} {case['base64'][:400]}")

print(f"safetensors {safetensors.__version__}")
for pair, count in sorted(counts.items()):
    print(f"{count:8} files: {pair}")
print("\n".join(wrong[:50]))
print(f"{len(wrong)} differences that must not be")
sys.exit(1 if wrong or process.returncode != 0 else 0)
