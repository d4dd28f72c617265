# Conan's own. It compares any text: what it takes for a version of a recipe are letters, digits and _+.-
import re
import sys

try:
    import conan
    from conan.internal.model.version import Version
except ImportError:
    sys.exit("Conan is not installed")

taken = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*\Z")
print(f"conan: {conan.__version__}")
with open(sys.argv[1], encoding="utf-8", newline="\n") as pairs:
    for pair in pairs:
        versions = pair.removesuffix("\n").split("\x1f")
        if not all(map(taken.match, versions)):
            print("!")
            continue
        left, right = map(Version, versions)
        print("<" if left < right else ">" if left > right else "=")
