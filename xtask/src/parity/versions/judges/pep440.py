# Python's packaging.
import sys

try:
    import packaging
    from packaging.version import InvalidVersion, Version
except ImportError:
    sys.exit("Python's packaging is not installed")

print(f"packaging: {packaging.__version__}")
with open(sys.argv[1], encoding="utf-8", newline="\n") as pairs:
    for pair in pairs:
        try:
            left, right = map(Version, pair.removesuffix("\n").split("\x1f"))
        except InvalidVersion:
            print("!")
        else:
            print("<" if left < right else ">" if left > right else "=")
