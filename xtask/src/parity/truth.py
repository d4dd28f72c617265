"""What is installed in an unpacked image, as the ecosystems' own tools and libraries see it.

    python3 truth.py ROOT        one JSON object on standard output

`packages`: kind (the package URL's type), name, version, path, and `standing`:
    installed   what the ecosystem's own tool lists
    owned       the same, but its proof belongs to a package of the distribution
    vendored    a copy inside of another package, with its metadata
    project     the application itself, something where nothing looks for it, or a trace of it
`names` are further names that are right too, where the ecosystem leaves it open.
`owners`: which distribution package owns a file that could prove a language package.

Shares no code and no way of thinking with Plimsoll: dpkg-query, rpm, importlib.metadata, zipfile.
"""

import importlib.metadata
import io
import json
import mmap
import os
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections import defaultdict

ROOT = os.path.abspath(sys.argv[1])
PACKAGES = []
OWNERS = {}
PROOF = re.compile(
    r"(^|/)(package\.json|METADATA|PKG-INFO|DESCRIPTION|installed\.json|pom\.xml)$"
    r"|\.(egg-info|jar|war|ear|gemspec|deps\.json|egg)$"
)
JAR = re.compile(r"\.(jar|war|ear|par|sar|nar|rar|kar|lpkg|jpi|hpi)$", re.I)


def inside(path):
    return os.path.relpath(path, ROOT)


def real(path):
    """A path of a package database with the image's own directory links followed."""
    parts, done, hops = [p for p in path.split("/") if p and p != "."], [], 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            done = done[:-1]
            continue
        here = os.path.join(ROOT, *done, part)
        if parts and os.path.islink(here) and hops < 40:
            hops += 1
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            parts = [p for p in target.split("/") if p and p != "."] + parts
            continue
        done.append(part)
    return "/".join(done)


def add(kind, name, version, path, standing=None, names=()):
    if standing is None:
        outer = path.split("!")[0]
        standing = "owned" if outer in OWNERS else "installed"
    entry = {"kind": kind, "name": name, "version": version, "path": path, "standing": standing}
    if names:
        entry["names"] = sorted(set(names) - {name})
    PACKAGES.append(entry)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def stanzas(text):
    for block in re.split(r"\n\s*\n", text):
        fields, key = {}, None
        for line in block.splitlines():
            if line[:1] in " \t":
                continue
            key, _, value = line.partition(":")
            fields[key] = value.strip()
        if fields:
            yield fields


# ---- distributions ---------------------------------------------------------------------------


def dpkg():
    base = os.path.join(ROOT, "var/lib/dpkg")
    if os.path.exists(os.path.join(base, "status")):
        form = "${db:Status-Abbrev}\t${Package}\t${Version}\n"
        for line in run("dpkg-query", f"--admindir={base}", "-W", f"-f={form}").splitlines():
            status, name, version = line.split("\t")
            # i installed, F half configured, U unpacked, H half installed, W/t triggers
            if version and status[1] in "iUFWt":
                add("deb", name, version, "var/lib/dpkg/status", "installed")
    folder = os.path.join(base, "status.d")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith(".md5sums"):
            continue
        for fields in stanzas(open(os.path.join(folder, name), errors="replace").read()):
            if "Package" in fields and "Version" in fields:
                path = f"var/lib/dpkg/status.d/{name}"
                add("deb", fields["Package"], fields["Version"], path, "installed")
    info = os.path.join(base, "info")
    for name in os.listdir(info) if os.path.isdir(info) else []:
        if name.endswith(".list"):
            for line in open(os.path.join(info, name), errors="surrogateescape"):
                own(line.strip(), name[:-5].split(":")[0])
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if name.endswith(".md5sums"):
            for line in open(os.path.join(folder, name), errors="surrogateescape"):
                own(line.rstrip("\n")[34:], name[: -len(".md5sums")])


def own(path, package):
    path = real(path)
    if path and os.path.isfile(os.path.join(ROOT, path)):
        OWNERS[path] = package


def apk():
    for place in ("lib/apk/db/installed", "usr/lib/apk/db/installed"):
        file = os.path.join(ROOT, place)
        if not os.path.isfile(file):
            continue
        for block in open(file, errors="surrogateescape").read().split("\n\n"):
            name = version = folder = None
            for line in block.splitlines():
                key, _, value = line.partition(":")
                if key == "P":
                    name = value
                elif key == "V":
                    version = value
                elif key == "F":
                    folder = value
                elif key == "R":
                    own(f"{folder}/{value}", name)
            if name and version:
                add("apk", name, version, place, "installed")


def rpm():
    for place in ("usr/lib/sysimage/rpm", "usr/share/rpm", "var/lib/rpm"):
        folder = os.path.join(ROOT, place)
        if os.path.islink(folder) or not os.path.isdir(folder) or not os.listdir(folder):
            continue
        base = ["rpm", "--dbpath", folder, "-qa"]
        form = "%{NAME}\t%{EPOCHNUM}\t%{VERSION}-%{RELEASE}\n"
        for line in run(*base, "--qf", form).splitlines():
            name, epoch, version = line.split("\t")
            if name == "gpg-pubkey":
                continue
            add("rpm", name, version if epoch == "0" else f"{epoch}:{version}", place, "installed")
        form = "[%{FILENAMES}\t%{=NAME}\n]"
        for line in run(*base, "--qf", form).splitlines():
            path, _, name = line.rpartition("\t")
            own(path, name)


# ---- languages -------------------------------------------------------------------------------


def python(folder):
    """One folder that an interpreter searches."""
    searched = os.path.basename(folder) in ("site-packages", "dist-packages")
    for found in importlib.metadata.distributions(path=[folder]):
        try:
            name, version = found.metadata["Name"], found.metadata["Version"]
        except Exception:  # a broken one is none
            continue
        if not name or not version:
            continue
        at = inside(str(found._path))
        if os.path.isdir(os.path.join(ROOT, at)):
            files = ("METADATA", "PKG-INFO")
            at = next((f"{at}/{f}" for f in files if os.path.isfile(os.path.join(ROOT, at, f))), at)
        standing = None
        if at not in OWNERS and not searched:
            standing = "vendored" if "-packages/" in at else "project"
        add("pypi", name, version, at, standing)


def vendored(path):
    """The lists that some packages keep of the copies inside of them: PEP 770, and pip's own."""
    pairs = []
    if path.endswith(".txt"):
        for line in open(path, errors="replace"):
            name, mark, version = line.split("#")[0].strip().partition("==")
            pairs += [(name, version)] if mark else []
    else:
        try:
            document = json.load(open(path, errors="replace"))
        except ValueError:
            return
        for component in document.get("components", []) + document.get("packages", []):
            purls = [component.get("purl", "")]
            purls += [ref.get("referenceLocator", "") for ref in component.get("externalRefs", [])]
            for purl in purls:
                match = re.match(r"pkg:pypi/([^@?]+)@([^?#]+)", purl)
                pairs += [match.groups()] if match else []
    for name, version in pairs:
        add("pypi", name, version, inside(path), "vendored")


def egg(folder):
    path = os.path.join(folder, "EGG-INFO/PKG-INFO")
    if os.path.isfile(path):
        fields = next(stanzas(open(path, errors="replace").read()))
        if fields.get("Name"):
            add("pypi", fields["Name"], fields.get("Version", ""), inside(path))


def conda(folder):
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            try:
                record = json.load(open(os.path.join(folder, name)))
                add("conda", record["name"], record["version"], inside(os.path.join(folder, name)))
            except (ValueError, KeyError):
                pass


def node_package(folder):
    path = os.path.join(folder, "package.json")
    try:
        package = json.load(open(path, encoding="utf-8-sig"))
        if package["name"] and package["version"]:
            return package["name"], package["version"], inside(path)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def node_modules(folder, standing=None):
    """What Node's own lookup can find, and nothing deeper: fixtures are not installed."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.islink(path) or not os.path.isdir(path):
            continue
        if name == ".pnpm":
            for store in sorted(os.listdir(path)):
                inner = os.path.join(path, store, "node_modules")
                if os.path.isdir(inner) and not os.path.islink(inner):
                    node_modules(inner, standing)
        elif name.startswith("@"):
            for scoped in sorted(os.listdir(path)):
                node_installed(os.path.join(path, scoped), standing)
        elif not name.startswith("."):
            node_installed(path, standing)


def bundled(parts):
    """Whether a package ships this folder for itself, and not to be tried or explained."""
    first = parts.index("node_modules")
    above = parts[-3:-1]
    installed = "node_modules" in above or ".pnpm" in parts or above[0].startswith("@")
    trial = {"test", "tests", "__tests__", "fixtures", "example", "examples", "spec", "docs"}
    return not installed and not trial.intersection(parts[first:])


def node_installed(path, standing):
    if os.path.islink(path) or not os.path.isdir(path):
        return
    package = node_package(path)
    if package:
        add("npm", *package, standing)
    inner = os.path.join(path, "node_modules")
    if os.path.isdir(inner) and not os.path.islink(inner):
        node_modules(inner, standing)


def yarn_cache(path):
    """Plug'n'Play: the packages stay zipped, and are used from there."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if re.fullmatch(r"node_modules/(@[^/]+/)?[^/]+/package\.json", name):
                package = json.loads(archive.read(name).decode("utf-8-sig"))
                if package.get("name") and package.get("version"):
                    add("npm", package["name"], package["version"], inside(path))


def manifest_of(archive):
    try:
        text = archive.read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
    except KeyError:
        return {}
    text = re.sub(r"\r?\n ", "", text)
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def jar(data, path, depth=0):
    try:
        archive = zipfile.ZipFile(data)
        names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return
    poms = []
    for name in names:
        if re.fullmatch(r"(.*/)?META-INF/maven/[^/]+/[^/]+/pom\.properties", name):
            lines = archive.read(name).decode("utf-8", "replace").splitlines()
            fields = {k.strip(): v.strip() for k, _, v in (line.partition("=") for line in lines)}
            if fields.get("artifactId") and fields.get("version"):
                poms.append((fields.get("groupId", ""), fields["artifactId"], fields["version"]))
    for group, artifact, version in sorted(set(poms)):
        add("maven", f"{group}:{artifact}", version, path)
    manifest = manifest_of(archive)
    stem = JAR.sub("", os.path.basename(path.split("!")[-1]))
    match = re.match(r"(.+?)-(\d[\w.+~-]*)$", stem)
    has_classes = any(name.endswith(".class") for name in names)
    if not poms and (has_classes or match):
        stated = [manifest.get(key) for key in
                  ("Implementation-Version", "Bundle-Version", "Specification-Version")]
        versions = [v for v in ([match[2]] if match else []) + stated if v]
        guesses = {match[1] if match else stem}
        for key in ("Implementation-Title", "Bundle-SymbolicName", "Automatic-Module-Name", "Bundle-Name"):
            if manifest.get(key):
                guesses.add(manifest[key].split(";")[0])
        if versions:
            entry_names = sorted(guesses)
            add("maven", match[1] if match else stem, versions[0], path, None, entry_names)
            PACKAGES[-1]["versions"] = sorted(set(versions[1:]) - {versions[0]})
            PACKAGES[-1]["loose"] = True
    if depth < 8:
        for name in names:
            if JAR.search(name):
                try:
                    jar(io.BytesIO(archive.read(name)), f"{path}!{name}", depth + 1)
                except (zipfile.BadZipFile, OSError, NotImplementedError, zlib.error, RuntimeError):
                    pass


def gem(path):
    name = os.path.basename(path)
    with open(path, errors="replace") as file:
        head = file.read(4096)
    match = re.search(r"^# stub: (\S+) (\S+) ", head, re.M)
    if match:
        add("gem", match[1], match[2], inside(path))
        return
    match = re.match(r"(.+)-(\d[^-]*)(-.*)?\.gemspec$", name)
    if match:
        add("gem", match[1], match[2], inside(path))


def composer(path):
    installed = json.load(open(path))
    packages = installed["packages"] if isinstance(installed, dict) else installed
    for package in packages:
        add("composer", package["name"], package["version"], inside(path))


def dotnet(path):
    try:
        libraries = json.load(open(path, encoding="utf-8-sig")).get("libraries", {})
    except ValueError:
        return
    for key, facts in libraries.items():
        name, _, version = key.partition("/")
        standing = None if facts.get("type") == "package" else "project"
        add("nuget", name, version, inside(path), standing)


def cran(path):
    fields = next(stanzas(open(path, errors="replace").read()), {})
    if "Package" in fields and "Version" in fields and "Built" in fields:
        add("cran", fields["Package"], fields["Version"], inside(path))


# ---- programs --------------------------------------------------------------------------------


class Elf:
    """Sections and loaded segments of a 64- or 32-bit ELF file."""

    def __init__(self, data):
        self.data = data
        self.wide = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        head = struct.unpack_from(self.order + ("HHIQQQIHHHHHH" if self.wide else "HHIIIIIHHHHHH"), data, 16)
        phoff, shoff, phsize, phnum, shsize, shnum, strings = head[4], head[5], *head[8:13]
        self.sections, self.segments = {}, []
        form = self.order + ("IIQQQQIIQQ" if self.wide else "IIIIIIIIII")
        raw = [struct.unpack_from(form, data, shoff + i * shsize) for i in range(shnum)] if shoff else []
        if strings < len(raw):
            table = raw[strings][4]
            for section in raw:
                end = data.find(b"\0", table + section[0])
                self.sections[bytes(data[table + section[0] : end])] = (section[4], section[5], section[1])
        for i in range(phnum):
            if self.wide:
                kind, flags, offset, vaddr, _, size = struct.unpack_from(self.order + "IIQQQQ", data, phoff + i * phsize)
            else:
                kind, offset, vaddr, _, size, _, flags = struct.unpack_from(self.order + "IIIIIII", data, phoff + i * phsize)
            if kind == 1:
                self.segments.append((vaddr, offset, size, flags))

    def at(self, address, length):
        for vaddr, offset, size, _ in self.segments:
            if vaddr <= address < vaddr + size:
                start = offset + address - vaddr
                return bytes(self.data[start : start + length])
        return b""


MAGIC = b"\xff Go buildinf:"


def go(elf, path):
    data = elf.data
    start = None
    if b".go.buildinfo" in elf.sections:
        start = elf.sections[b".go.buildinfo"][0]
    else:
        for _, offset, size, flags in elf.segments:
            if flags & 2:  # writable
                at = offset
                while (at := data.find(MAGIC, at, offset + size)) >= 0:
                    if (at - offset) % 16 == 0:
                        start = at
                        break
                    at += 1
            if start is not None:
                break
    if start is None or bytes(data[start : start + 14]) != MAGIC:
        return False
    width, flags = data[start + 14], data[start + 15]
    texts = []
    if flags & 2:
        at = start + 32
        for _ in range(2):
            length = shift = 0
            while True:
                byte = data[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            texts.append(bytes(data[at : at + length]))
            at += length
    else:
        form = (">" if flags & 1 else "<") + ("Q" if width == 8 else "I")
        for i in range(2):
            (header,) = struct.unpack_from(form, data, start + 16 + i * width)
            pointer = elf.at(header, 2 * width)
            if len(pointer) < 2 * width:
                return False
            (text,), (length,) = struct.unpack_from(form, pointer), struct.unpack_from(form, pointer, width)
            texts.append(elf.at(text, length))
    version, info = texts[0].decode(), texts[1]
    if len(info) >= 33 and info[-17:-16] == b"\n":
        info = info[16:-16]
    last = None
    found = []
    for line in info.decode("utf-8", "replace").splitlines():
        part = line.split("\t")
        if part[0] in ("mod", "dep") and len(part) >= 3:
            last = [part[1], part[2], part[0]]
            found.append(last)
        elif part[0] == "=>" and last and len(part) >= 3:
            if part[1].startswith((".", "/")):  # a folder of the project
                last[1], last[2] = part[2], "mod"
            else:
                last[0], last[1] = part[1], part[2]
    for name, number, what in found:
        add("golang", name, number, path, "project" if what == "mod" and path not in OWNERS else None)
    match = re.match(r"go(\d[^ ]*)", version)
    if match:
        add("golang", "stdlib", match[1], path)
    return True


TRACE = re.compile(rb"/registry/src/[\w.-]{1,80}/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)[/\\\\]")


def rust(elf, path):
    section = elf.sections.get(b".dep-v0")
    if not section:
        # Without a list only the places that panics name: some of what is in it.
        traces = {match.groups() for match in TRACE.finditer(elf.data)}
        for name, version in sorted(traces):
            standing = "owned" if path in OWNERS else "project"
            add("cargo", name.decode(), version.decode(), path, standing)
        return
    offset, size, _ = section
    tree = json.loads(zlib.decompress(bytes(elf.data[offset : offset + size])))
    for package in tree["packages"]:
        if package.get("kind", "runtime") == "runtime":
            standing = "project" if package.get("root") and path not in OWNERS else None
            add("cargo", package["name"], package["version"], path, standing)


def program(path):
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                elf = Elf(data)
                go(elf, inside(path)) or rust(elf, inside(path))
            except (struct.error, ValueError, KeyError, IndexError, zlib.error) as error:
                print(f"{inside(path)}: {error}", file=sys.stderr)


# ---- all of it -------------------------------------------------------------------------------


def main():
    dpkg()
    apk()
    rpm()
    pnp = False
    zips = []
    for folder, folders, files in os.walk(ROOT):
        folders.sort()
        where = inside(folder)
        base = os.path.basename(folder)
        parts = where.split("/")
        if where.split("/")[0] in ("proc", "sys", "dev"):
            folders[:] = []
            continue
        names = folders + files
        if any(name.endswith((".dist-info", ".egg-info")) for name in names):
            python(folder)
        if base.endswith(".egg") and "EGG-INFO" in folders:
            egg(folder)
        if base == "conda-meta":
            conda(folder)
        if base == "node_modules" and "node_modules" not in parts[:-1]:
            node_modules(folder, "project" if ".cache" in parts or ".npm" in parts else None)
        elif base == "node_modules" and bundled(parts):
            node_modules(folder, "vendored")
        if "package.json" in files and "node_modules" not in parts:
            package = node_package(folder)
            if package:
                owned = package[2] in OWNERS and "nodejs" in parts
                add("npm", *package, "owned" if owned else "project")
        pnp = pnp or ".pnp.cjs" in files or ".pnp.js" in files
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            at = inside(path)
            if re.search(r"\.dist-info/sboms/[^/]+\.json$|/_vendor/vendor\.txt$", at):
                vendored(path)
            elif JAR.search(name):
                jar(path, at)
            elif name.endswith(".zip") and ".yarn/cache" in where:
                zips.append(path)
            elif name.endswith(".gemspec") and "specifications" in parts:
                gem(path)
            elif name == "installed.json" and base == "composer":
                composer(path)
            elif name.endswith(".deps.json"):
                dotnet(path)
            elif name == "DESCRIPTION" and "library" in parts + ["site-library"]:
                cran(path)
            elif os.path.getsize(path) > 64:
                program(path)
    if pnp:
        for path in zips:
            yarn_cache(path)
    owners = {path: owner for path, owner in OWNERS.items() if PROOF.search(path)}
    for package in PACKAGES:
        outer = package["path"].split("!")[0]
        if outer in OWNERS:
            owners[outer] = OWNERS[outer]
    json.dump({"packages": PACKAGES, "owners": owners}, sys.stdout, indent=0, sort_keys=True)


main()
