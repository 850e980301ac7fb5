"""Makes test/fixtures/svd-graded.safetensors: matrices whose rows or columns span 18 decades, and their singular values.

Needs: pip install mpmath numpy. Run: python3 scripts/make-svd-fixtures.py

Every matrix is a random orthogonal-like float64 matrix whose rows or columns are multiplied by powers of ten, rounded to float64. Its
singular values are those of exactly that float64 matrix: one-sided Jacobi in 80 decimal digits (mpmath), rounded to float64 at the end.
Beside them LAPACK's (numpy.linalg.svd, gesdd) for docs/numerics.md.
"""
import json
import struct
from pathlib import Path

import numpy
from mpmath import mp, mpf

mp.dps = 80


def jacobi(a):
    """Singular values of the columns of `a`, a list of columns of mpf, the largest first."""
    columns = [column[:] for column in a]
    n = len(columns)
    tolerance = mpf(10) ** -70
    for _ in range(60):
        rotated = 0
        for p in range(n):
            for q in range(p + 1, n):
                x, y = columns[p], columns[q]
                alpha = mp.fdot(x, x)
                beta = mp.fdot(y, y)
                gamma = mp.fdot(x, y)
                if abs(gamma) <= tolerance * mp.sqrt(alpha * beta):
                    continue
                rotated += 1
                zeta = (beta - alpha) / (2 * gamma)
                t = (1 if zeta >= 0 else -1) / (abs(zeta) + mp.sqrt(1 + zeta * zeta))
                c = 1 / mp.sqrt(1 + t * t)
                s = c * t
                columns[p] = [c * u - s * v for u, v in zip(x, y)]
                columns[q] = [s * u + c * v for u, v in zip(x, y)]
        if rotated == 0:
            break
    values = [mp.sqrt(mp.fdot(column, column)) for column in columns]
    return sorted((float(value) for value in values), reverse=True)


def graded(random, n, kind, order):
    base = random.standard_normal((n, n))
    grade = 10.0 ** numpy.linspace(0, -18, n)
    if order == "ascending":
        grade = grade[::-1]
    elif order == "shuffled":
        grade = random.permutation(grade)
    return base * grade[None, :] if kind == "columns" else base * grade[:, None]


def main():
    random = numpy.random.default_rng(20)
    arrays = {}
    for n in (40, 60):
        for kind in ("columns", "rows"):
            for order in ("descending", "ascending", "shuffled"):
                a = graded(random, n, kind, order)
                # Jacobi works on the side that is graded: fewer sweeps; the values are the same.
                side = a.T if kind == "columns" else a
                s = numpy.array(jacobi([[mpf(float(x)) for x in line] for line in side]))
                lapack = numpy.linalg.svd(a, compute_uv=False)
                name = f"{kind}-{order}-{n}"
                arrays[f"{name}/a"] = a
                arrays[f"{name}/s"] = s
                print(name, "gesdd", f"{(abs(lapack - s) / s).max():.1e}", flush=True)
    header, data = {}, b""
    for name, array in arrays.items():
        bytes_ = numpy.ascontiguousarray(array, dtype="<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out = Path(__file__).parent.parent / "test/fixtures/svd-graded.safetensors"
    out.write_bytes(struct.pack("<Q", len(text)) + text + data)


main()
