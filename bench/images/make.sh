#!/usr/bin/env bash
# Images that show one way each in which packages, waste and credentials lie in images:
#     make.sh DIR [NAME…]
# writes DIR/NAME.tar (docker archives). Wants docker with BuildKit, mmdebstrap, python3, npm, cargo,
# rpm, db5.3-util, and the public package registries. DOCKER=, PYTHON=, CA_BUNDLE= and BASE= (an image that is
# there already) may be set. What is really in them, `cargo xtask parity packages` finds out by itself.
set -euo pipefail
DIR=$(realpath -m "${1:?usage: make.sh DIR [NAME…]}")
shift
WANTED=" $* "
HERE=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
docker() { command "${DOCKER:-docker}" "$@"; }
export DOCKER_BUILDKIT=1 SOURCE_DATE_EPOCH=1700000000 PIP_ROOT_USER_ACTION=ignore
CA=${CA_BUNDLE:-/etc/ssl/certs/ca-certificates.crt}
BASE=${BASE:-plimsoll-bench/base}
PYTHON=${PYTHON:-python3}
mkdir -p "$DIR"

begin() { # NAME: whether it is wanted; an empty build context in $C
    [[ $WANTED == "  " || $WANTED == *" $1 "* ]] || return 1
    NAME=$1 C=$WORK/$1
    mkdir -p "$C"
    echo "== $NAME" >&2
}
build() { # a Dockerfile on standard input; the bundle of certificates is never in a layer
    cat >"$C/Dockerfile.new" && mv "$C/Dockerfile.new" "$C/Dockerfile"
    docker build -q --network host --secret id=ca,src="$CA" "$@" -t "plimsoll-bench/$NAME" "$C" >/dev/null
    docker save -o "$DIR/$NAME.tar" "plimsoll-bench/$NAME"
    rm -rf "$C"
}
import() { # a root file system in $C/root
    tar -C "$C/root" --owner 0 --group 0 -cf - . | docker import "$@" - "plimsoll-bench/$NAME" >/dev/null
    docker save -o "$DIR/$NAME.tar" "plimsoll-bench/$NAME"
    rm -rf "$C"
}

if ! docker image inspect "$BASE" >/dev/null 2>&1; then
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$WORK/base.tar"
    docker import "$WORK/base.tar" "$BASE" >/dev/null
fi

# The databases of distributions, in their variants --------------------------------------------

if begin distroless; then # one file a package, no dpkg; applications in layers of their own
    R=$C/root; mkdir -p "$R/var/lib/dpkg/status.d" "$R/etc" "$C/debs"
    chmod a+rwx "$C/debs"
    (cd "$C/debs" && apt-get download -qq base-files netbase tzdata libc6 libssl3 ca-certificates libgcc-s1 zlib1g)
    for deb in "$C"/debs/*.deb; do
        package=$(dpkg-deb -f "$deb" Package)
        dpkg-deb -x "$deb" "$R"
        dpkg-deb -f "$deb" >"$R/var/lib/dpkg/status.d/$package"
        dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >"$R/var/lib/dpkg/status.d/$package.md5sums" || true
    done
    rm -rf "$R"/usr/share/{doc,man,zoneinfo,locale}
    $PYTHON -m pip install -q --no-deps --no-compile --target "$R/app" flask==3.0.0 click==8.1.7
    import -c 'ENTRYPOINT ["/app/main"]'
fi

if begin apk-python; then # packages of a language owned by apk, a virtual package, installed beside
    R=$C/root; mkdir -p "$R"/{lib/apk/db,etc/apk,usr/lib/python3.11/site-packages,bin}
    printf 'ID=alpine\nVERSION_ID=3.19.1\nPRETTY_NAME="Alpine Linux v3.19"\n' >"$R/etc/os-release"
    echo 3.19.1 >"$R/etc/alpine-release"
    $PYTHON -m pip install -q --no-deps --no-compile --target "$R/usr/lib/python3.11/site-packages" idna==3.6 six==1.16.0 requests==2.31.0
    entry() { printf 'C:Q1%s=\nP:%s\nV:%s\nA:x86_64\nS:100\nI:200\nT:t\nU:https://example.invalid\nL:%s\no:%s\nt:1700000000\n' "$(printf '%s' "$1" | sha1sum | cut -c1-27)" "$1" "$2" "$3" "$4"; }
    owns() { # the paths below site-packages that belong to the package
        local d f
        while read -r d; do
            printf 'F:%s\n' "$d"
            for f in "$R/$d"/*; do [[ ! -f $f ]] || printf 'R:%s\nZ:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n' "${f##*/}"; done
        done < <(cd "$R" && find "$@" -type d | sort)
    }
    {
        entry musl 1.2.4_git20230717-r4 MIT musl; echo
        entry busybox 1.36.1-r15 GPL-2.0-only busybox; printf 'F:bin\nR:busybox\n\n'
        entry python3 3.11.8-r0 PSF-2.0 python3; printf 'p:so:libpython3.11.so.1.0=1.0 cmd:python3=3.11.8-r0\n\n'
        entry py3-six 1.16.0-r8 MIT py3-six; owns usr/lib/python3.11/site-packages/six-1.16.0.dist-info; echo
        entry py3-idna 3.6-r0 'BSD-3-Clause AND Python-2.0' py3-idna; owns usr/lib/python3.11/site-packages/idna usr/lib/python3.11/site-packages/idna-3.6.dist-info; echo
        entry .build-deps 20240101.000000 '' ''; echo
    } >"$R/lib/apk/db/installed"
    touch "$R/bin/busybox"
    import
fi

rpm_image() { # ID VERSION DBPATH [ndb|bdb]: epochs, two versions of one name, no architecture, a key, files of a language
    local R=$C/root n e v a l f
    mkdir -p "$R/etc"
    printf 'NAME="%s"\nID="%s"\nVERSION_ID="%s"\nPRETTY_NAME="%s %s"\n' "$1" "$1" "$2" "$1" "$2" >"$R/etc/os-release"
    while read -r n e v a l f; do
        printf 'Name: %s\nEpoch: %s\nVersion: %s\nRelease: %s\nSummary: s\nLicense: %s\nVendor: V\nBuildArch: %s\n%s\n%%description\nd\n%%install\nmkdir -p %%{buildroot}/%s\nprintf "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" > %%{buildroot}/%s\n%%files\n/%s\n' \
            "$n" "$e" "${v%-*}" "${v##*-}" "${l//_/ }" "$a" "$([[ $n != nodejs ]] || echo 'ModularityLabel: nodejs:18:1:abc')" "$(dirname "$f")" "${n#python3-}" "${v%-*}" "$f" "$f" >"$C/s.spec"
        rpmbuild --quiet --define "_topdir $C/rb" --define 'debug_package %{nil}' --target "$a" -bb "$C/s.spec" >/dev/null 2>&1 || echo "no $n" >&2
    done <<'L'
bash 0 5.2.26-3 x86_64 GPL-3.0-or-later usr/bin/bash
openssl-libs 1 3.1.4-2 x86_64 Apache-2.0 usr/lib64/libssl.so.3
bind-libs 32 9.18.24-1 x86_64 MPL-2.0 usr/lib64/libdns.so
kernel-core 0 6.7.4-200 x86_64 GPL-2.0-only_AND_MIT lib/modules/6.7.4/vmlinuz
kernel-core 0 6.7.9-200 x86_64 GPL-2.0-only_AND_MIT lib/modules/6.7.9/vmlinuz
tzdata 0 2024a-1 noarch LicenseRef-Fedora-Public-Domain usr/share/zoneinfo/UTC
nodejs 1 18.19.0-1 x86_64 MIT usr/bin/node
python3-idna 0 3.6-1 noarch BSD-3-Clause usr/lib/python3.12/site-packages/idna-3.6.dist-info/METADATA
python3-rpm 0 4.19~rc1^git1-2 x86_64 GPL-2.0-or-later usr/lib64/python3.12/site-packages/rpm-4.19.egg-info
L
    rpm --root "$R" --define '_db_backend sqlite' --dbpath "$3" --initdb
    find "$C/rb/RPMS" -name '*.rpm' -exec rpm --root "$R" --define '_db_backend sqlite' --dbpath "$3" --ignorearch --nodeps --noscripts --nosignature --oldpackage -i {} +
    # What this rpm cannot write: the truth about these is what it says of the same in SQLite.
    case ${4:-} in
    ndb) $PYTHON "$HERE/rpmdb.py" "$R$3/rpmdb.sqlite" ndb "$R$3/Packages.db" && rm "$R$3"/rpmdb.sqlite* ;;
    bdb) $PYTHON "$HERE/rpmdb.py" "$R$3/rpmdb.sqlite" dump | db5.3_load "$R$3/Packages" && rm "$R$3"/rpmdb.sqlite* ;;
    esac
    $PYTHON -m pip install -q --no-deps --no-compile --target "$R/usr/local/lib/python3.12/site-packages" requests==2.31.0
    import
}
if begin rpm-fedora; then rpm_image fedora 40 /usr/lib/sysimage/rpm; fi
if begin rpm-suse; then rpm_image opensuse-leap 15.6 /usr/lib/sysimage/rpm; fi
if begin rpm-rhel; then rpm_image rhel 9.4 /var/lib/rpm; fi
if begin rpm-ndb; then rpm_image opensuse-leap 15.6 /usr/lib/sysimage/rpm ndb; fi
if begin rpm-bdb; then rpm_image centos 7 /var/lib/rpm bdb; fi

# Languages ------------------------------------------------------------------------------------

if begin python-ways; then # uv, pip, a project's .venv, --user, --target, editable, an egg, a vendored tree, conda
    mkdir -p "$C/conda/conda-meta" "$C/own/own" "$C/poetry"
    for record in python:3.11.8:hab00c5b_0_cpython openssl:3.2.1:hd590300_0 numpy:1.26.4:py311h64a7726_0 _libgcc_mutex:0.1:conda_forge; do
        IFS=: read -r name version string <<<"$record"
        printf '{"build":"%s","build_number":0,"channel":"https://conda.example/conda-forge/linux-64","depends":["libgcc-ng >=12"],"files":["lib/%s.txt"],"fn":"%s-%s-%s.conda","license":"BSD-3-Clause","name":"%s","subdir":"linux-64","version":"%s","paths_data":{"paths":[],"paths_version":1}}\n' \
            "$string" "$name" "$name" "$version" "$string" "$name" "$version" >"$C/conda/conda-meta/$name-$version-$string.json"
    done
    echo '==> 2024-01-01 00:00:00 <==' >"$C/conda/conda-meta/history"
    printf '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "own-thing"\nversion = "0.3.0"\n' >"$C/own/pyproject.toml"
    touch "$C/own/own/__init__.py"
    printf '[tool.poetry]\nname = "shop"\nversion = "1.0.0"\ndescription = ""\nauthors = []\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.11"\nhttpx = "0.27.0"\n[tool.poetry.group.dev.dependencies]\npytest = "8.1.1"\n' >"$C/poetry/pyproject.toml"
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip python3-venv python3-yaml
ENV PIP_CERT=/run/secrets/ca SSL_CERT_FILE=/run/secrets/ca REQUESTS_CA_BUNDLE=/run/secrets/ca PIP_DISABLE_PIP_VERSION_CHECK=1
RUN --mount=type=secret,id=ca pip install --break-system-packages --no-cache-dir uv==0.4.18
RUN --mount=type=secret,id=ca uv venv /opt/uv && uv pip install --no-cache --python /opt/uv/bin/python fastapi==0.110.0 Jinja2==3.1.3 && uv venv --seed /opt/seeded
RUN --mount=type=secret,id=ca pip install --break-system-packages --no-cache-dir --user --no-warn-script-location Flask==3.0.2
RUN --mount=type=secret,id=ca pip install --break-system-packages --no-cache-dir --target /srv/lib ruamel.yaml==0.18.6 zope.interface==6.2
COPY own /src/own
RUN --mount=type=secret,id=ca python3 -m venv /opt/edit && /opt/edit/bin/pip install --no-cache-dir -e /src/own
RUN --mount=type=secret,id=ca python3 -m venv /opt/tool && /opt/tool/bin/pip install --no-cache-dir poetry-core==1.9.0 virtualenv==20.25.1
COPY poetry /src/shop
RUN --mount=type=secret,id=ca cd /src/shop && /opt/tool/bin/virtualenv -q --no-pip --no-setuptools --no-wheel .venv && uv pip install --no-cache --python .venv/bin/python httpx==0.27.0 pytest==8.1.1
# a build of eggs, as old projects have them; then a package that is gone again, and one upgraded
RUN --mount=type=secret,id=ca cd /src/own && /opt/edit/bin/pip install -q --no-cache-dir setuptools==65.5.0 wheel && printf 'from setuptools import setup\nsetup(name="Old.Egg", version="1.5", packages=["own"])\n' > setup.py && rm pyproject.toml && /opt/edit/bin/python setup.py -q bdist_egg && mkdir -p /opt/edit/lib/python3.11/site-packages/Old.Egg-1.5-py3.11.egg && cd /opt/edit/lib/python3.11/site-packages/Old.Egg-1.5-py3.11.egg && python3 -m zipfile -e /src/own/dist/*.egg . && rm -rf /src/own/build /src/own/dist
RUN --mount=type=secret,id=ca /opt/uv/bin/python -c 1; uv pip uninstall --python /opt/uv/bin/python Jinja2 && uv pip install --no-cache --python /opt/uv/bin/python fastapi==0.110.1
COPY conda /opt/conda
D
fi

if begin node-ways; then # npm with workspaces, pnpm, yarn 1, yarn 4 (Plug'n'Play), global, bundled, bun-like caches
    for n in npm pnpm yarn1 yarn4; do
        mkdir -p "$C/$n"
        printf '{"name":"%s-app","version":"2.0.0","license":"MIT","dependencies":{"express":"4.18.2","@babel/code-frame":"7.23.5","debug":"2.6.8"},"devDependencies":{"mocha":"10.3.0"}}' "$n" >"$C/$n/package.json"
    done
    mkdir -p "$C/npm/packages/inner"
    printf '{"name":"npm-app","version":"2.0.0","private":true,"workspaces":["packages/*"],"dependencies":{"express":"4.18.2","left-pad":"1.3.0"},"devDependencies":{"mocha":"10.3.0"}}' >"$C/npm/package.json"
    printf '{"name":"@own/inner","version":"0.1.0","dependencies":{"debug":"2.6.8"}}' >"$C/npm/packages/inner/package.json"
    export npm_config_cache=$WORK/npm-cache npm_config_update_notifier=false
    tools=$WORK/node-tools
    npm install --silent --prefix "$tools" pnpm@9 yarn@1.22.22 @yarnpkg/cli-dist@4.1.1
    (cd "$C/npm" && npm install --silent --no-audit --no-fund)
    (cd "$C/pnpm" && "$tools/node_modules/.bin/pnpm" install --silent --store-dir "$WORK/store" --package-import-method copy)
    (cd "$C/yarn1" && node "$tools/node_modules/yarn/bin/yarn.js" install --silent --no-progress --cache-folder "$WORK/yarn1")
    (cd "$C/yarn4" && printf 'enableGlobalCache: false\nenableTelemetry: false\nnpmRegistryServer: "%s"\n' "$(npm config get registry)" >.yarnrc.yml && touch yarn.lock &&
        NODE_EXTRA_CA_CERTS=$CA node "$tools/node_modules/@yarnpkg/cli-dist/bin/yarn.js" install >/dev/null && rm .yarnrc.yml)
    npm install --silent --no-audit --no-fund --prefix "$C/global" --global npm@10.5.0 typescript@5.4.2
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE
COPY global /usr/local
COPY npm /srv/npm
COPY pnpm /srv/pnpm
COPY yarn1 /srv/yarn1
COPY yarn4 /srv/yarn4
# production only, afterwards: what is gone is not installed
RUN rm -rf /srv/yarn1/node_modules/mocha /srv/yarn1/node_modules/.bin/mocha
D
fi

if begin ruby-php; then # Debian's gems and one's own; composer with packages from a folder
    mkdir -p "$C/gem/lib" "$C/php/lib"
    printf 'Gem::Specification.new do |s|\n  s.name = "own-gem"\n  s.version = "2.1.0"\n  s.summary = "s"\n  s.authors = ["a"]\n  s.licenses = ["MIT"]\n  s.files = ["lib/own.rb"]\nend\n' >"$C/gem/own.gemspec"
    echo 'module Own; end' >"$C/gem/lib/own.rb"
    printf '{"name":"own/lib","version":"1.4.0","license":"MIT"}' >"$C/php/lib/composer.json"
    printf '{"name":"own/app","repositories":[{"type":"path","url":"lib","options":{"symlink":false}},{"packagist.org":false}],"require":{"own/lib":"1.4.0"}}' >"$C/php/composer.json"
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends ruby ruby-rack ruby-nokogiri ruby-bundler composer php-cli php-guzzlehttp-psr7 && rm -rf /var/lib/apt/lists/*
COPY gem /src/gem
RUN cd /src/gem && gem build -q own.gemspec && gem install --local --no-document own-gem-2.1.0.gem && rm own-gem-2.1.0.gem
COPY php /srv/app
RUN cd /srv/app && COMPOSER_ALLOW_SUPERUSER=1 composer install -q --no-interaction
D
fi

if begin programs; then # Go with and without symbols, with a replaced module, position-independent; Rust with and without a list
    mkdir -p "$C/go/cmd" "$C/go/lib"
    printf 'module example.com/lib\n\ngo 1.19\n' >"$C/go/lib/go.mod"; printf 'package lib\n\nconst Word = "w"\n' >"$C/go/lib/lib.go"
    printf 'module example.com/cmd\n\ngo 1.19\n\nrequire example.com/lib v1.2.3\n\nreplace example.com/lib => ../lib\n' >"$C/go/cmd/go.mod"
    printf 'package main\n\nimport "example.com/lib"\n\nfunc main() { println(lib.Word) }\n' >"$C/go/cmd/main.go"
    cargo new -q --vcs none "$C/rust" --name listed
    printf 'itoa = "=1.0.10"\nmemchr = "=2.7.1"\n' >>"$C/rust/Cargo.toml"
    [[ -x $DIR/.cargo-auditable/bin/cargo-auditable ]] || cargo install -q --locked --root "$DIR/.cargo-auditable" cargo-auditable
    (cd "$C/rust" && PATH=$DIR/.cargo-auditable/bin:$PATH CARGO_TARGET_DIR=$WORK/rust-target cargo auditable build -q --release &&
        cp "$WORK/rust-target/release/listed" "$C/listed" && cp "$C/listed" "$C/listed-stripped" && strip "$C/listed-stripped" &&
        CARGO_TARGET_DIR=$WORK/rust-target2 cargo build -q --release && cp "$WORK/rust-target2/release/listed" "$C/unlisted")
    npm install --silent --no-audit --no-fund --prefix "$C/node" esbuild@0.20.1 @biomejs/biome@1.5.3
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE AS go
RUN apt-get update && apt-get install -y --no-install-recommends golang-go
COPY go /src
RUN cd /src/cmd && export CGO_ENABLED=0 GOFLAGS=-mod=mod && go build -o /out/plain . && go build -trimpath -ldflags '-s -w' -o /out/stripped . && go build -buildmode=pie -o /out/pie . && go build -buildvcs=false -o /out/no-vcs .
FROM $BASE
COPY --from=go /out /usr/local/bin
COPY listed listed-stripped unlisted /usr/local/bin/
COPY node /srv/node
RUN --mount=type=secret,id=ca apt-get update && apt-get install -y --no-install-recommends python3-pip && PIP_CERT=/run/secrets/ca pip install --break-system-packages --no-cache-dir ruff==0.3.2 && rm -rf /var/lib/apt/lists/*
D
fi

if begin jars; then # nested, shaded, by manifest, as a bundle, by file name only, no archive at all
    mkdir -p "$C/opt"
    $PYTHON - "$C/opt" <<'P'
import io, sys, zipfile
out = sys.argv[1]
def jar(entries, stored=False):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as z:
        for name, body in entries.items():
            z.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), body, z.compression)
    return data.getvalue()
def pom(g, a, v): return {f"META-INF/maven/{g}/{a}/pom.properties": f"#Generated\n#Mon\ngroupId={g}\nartifactId={a}\nversion={v}\n",
    f"META-INF/maven/{g}/{a}/pom.xml": f"<project><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version><licenses><license><name>Apache-2.0</name></license></licenses></project>"}
def manifest(**f): return {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\n" + "".join(f"{k.replace('_','-')}: {v}\r\n" for k, v in f.items()) + "\r\n"}
code = {"org/x/A.class": b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 40}
core = jar(manifest(Implementation_Title="core") | pom("org.x", "core", "2.17.1") | code)
deep = jar({"BOOT-INF/lib/core-2.17.1.jar": core} | manifest(Implementation_Title="mid", Implementation_Version="1.1") | pom("com.example", "mid", "1.1") | code, stored=True)
files = {
    "boot.jar": jar(manifest(Main_Class="org.springframework.boot.loader.JarLauncher", Implementation_Title="boot", Implementation_Version="3.2.1") | pom("com.example", "boot", "3.2.1") | {"BOOT-INF/lib/mid-1.1.jar": deep}, stored=True),
    "shaded-1.0.jar": jar(manifest() | pom("com.example", "shaded", "1.0") | pom("org.x", "core", "2.14.0") | pom("com.google.guava", "guava", "32.0.0-jre") | code),
    "site.war": jar(manifest() | pom("com.example", "site", "4.0") | {"WEB-INF/lib/core-2.17.1.jar": core}),
    "all.ear": jar({"site.war": jar({"WEB-INF/lib/plain-name-1.2.3.jar": jar(manifest() | code)}), "lib/core.jar": core} | manifest()),
    "by-manifest.jar": jar(manifest(Implementation_Title="By Manifest", Implementation_Version="7.7", Implementation_Vendor_Id="org.y") | code),
    "bundle_file.jar": jar(manifest(Bundle_SymbolicName="org.osgi.thing;singleton:=true", Bundle_Version="5.0.0.v2023", Bundle_Name="Thing") | code),
    "plain-name-0.9.jar": jar(manifest() | code),
    "nameless.jar": jar(code),
    "sources-1.0-sources.jar": jar({"org/x/A.java": "class A {}"} | manifest()),
    "broken.jar": core[: len(core) // 2], "text.jar": b"not an archive\n", "empty.jar": b"",
}
for name, body in files.items():
    open(f"{out}/{name}", "wb").write(body)
P
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends libcommons-lang3-java libguava-java libjackson2-databind-java && cp -L /usr/share/java/guava.jar /usr/share/java/commons-lang3.jar /opt/ && rm -rf /var/lib/apt/lists/*
COPY opt /opt/jars
D
fi

# Credentials ----------------------------------------------------------------------------------

if begin secrets-many; then # with DIR/secrets-many.planted.json: what has to be found
    $PYTHON "$HERE/secrets.py" "$C" "$DIR/secrets-many.planted.json"
    build --build-arg BASE="$BASE" --build-arg NPM_TOKEN="$(cat "$C/argument")" <"$C/Dockerfile"
fi

# Layers ---------------------------------------------------------------------------------------

if begin waste; then # every way bytes go to waste or only seem to
    mkdir -p "$C/d/sub" "$C/tree"
    for i in 1 2 3; do head -c 300000 /dev/zero | tr '\0' "$i" >"$C/d/$i"; head -c 70000 /dev/zero | tr '\0' "$i" >"$C/d/sub/$i"; cp "$C/d/$i" "$C/tree/$i"; done
    build --build-arg BASE="$BASE" <<'D'
ARG BASE
FROM $BASE
COPY d /data/d
COPY d /data/same
RUN rm /data/d/1
RUN rm -r /data/d/sub
RUN chmod 600 /data/d/2
RUN touch /data/d/3
RUN rm -r /data/same && mkdir /data/same && echo new > /data/same/new
RUN ln /data/d/2 /data/link && head -c 500000 /dev/urandom > /data/a && ln /data/a /data/b
RUN rm /data/a
RUN chmod 600 /data/b
RUN rm -rf /data/d && echo file > /data/d
COPY tree /data/tree
COPY tree /data/tree
RUN apt-get update && apt-get install -y --no-install-recommends less
RUN rm -rf /var/lib/apt/lists/*
RUN apt-get purge -y less && head -c 100000 /dev/zero > /data/big && rm /data/big
D
fi
