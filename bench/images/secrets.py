"""Credentials, all made up, in every place of an image: python3 secrets.py CONTEXT PLANTED.json

Fills CONTEXT with files and a Dockerfile, and PLANTED.json with what has to be found, for
`cargo xtask parity secrets`. Every value is put together here, so that this file holds none.
What nobody may report lies beside it: documented examples, placeholders, references, hashes.
"""

import base64
import gzip
import io
import json
import os
import py_compile
import random
import subprocess
import sys
import tarfile
import zipfile
import zlib

context, listing = sys.argv[1:3]
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
HEX = "0123456789abcdef"
draw = random.Random("plimsoll")
planted = []


def some(length, letters=ALNUM):
    return "".join(draw.choice(letters) for _ in range(length))


def base62(number, length):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = digits[digit] + text
    return text.rjust(length, "0")


def summed(mark):
    """A token whose last six characters are the checksum its maker puts there."""
    body = some(30)
    return mark + body + base62(zlib.crc32(body.encode()), 6)


def plant(name, value, **more):
    """Remembers a value; it is searched for in the image by itself, unless its place is given."""
    planted.append({"name": name, "value": value, **more})
    return value


def write(path, content):
    full = os.path.join(context, "files", path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    return full


def tar_of(members, compression=""):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


def zip_of(members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), body, zipfile.ZIP_DEFLATED)
    return data.getvalue()


# Tokens of known makers, one a line of one file --------------------------------------------------
makers = {
    "github-summed": summed("gh" + "p_"),
    "github-app": summed("gh" + "s_"),
    "github-fine": "github" + "_pat_" + some(22) + "_" + some(59),
    "gitlab": "gl" + "pat-" + some(20),
    "npm-summed": summed("np" + "m_"),
    "slack-bot": "xo" + "xb-" + some(12, "123456789") + "-" + some(12, "123456789") + "-" + some(24),
    "slack-hook": "https://hooks." + "slack.com/services/T" + some(8, ALNUM[:26] + "0123456789") + "/B" + some(8, ALNUM[:26] + "0123456789") + "/" + some(24),
    "stripe": "sk" + "_live_" + some(24),
    "stripe-restricted": "rk" + "_live_" + some(99),
    "sendgrid": "S" + "G." + some(22) + "." + some(43),
    "google-api": "AI" + "za" + some(35, ALNUM + "-_"),
    "openai": "sk-" + "proj-" + some(74) + "T3Blbk" + "FJ" + some(74),
    "anthropic": "sk-" + "ant-api03-" + some(93) + "AA",
    "hugging-face": "h" + "f_" + some(34, ALNUM[:52]),
    "digitalocean": "do" + "p_v1_" + some(64, HEX),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + some(90),
    "docker": "dckr" + "_pat_" + some(27),
    "vault": "hv" + "s." + some(95),
    "shopify": "shp" + "at_" + some(32, HEX),
    "databricks": "da" + "pi" + some(32, HEX),
    "grafana": "gl" + "sa_" + some(32) + "_" + some(8, HEX),
    "mailgun": "ke" + "y-" + some(32, HEX),
    "atlassian": "ATA" + "TT3xFfGF0" + some(170) + "=" + some(8, HEX.upper()),
    "age": "AGE-SECRET-" + "KEY-1" + some(58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    "telegram": some(10, "123456789") + ":" + "AA" + some(33, ALNUM + "-_"),
}
for line, (name, value) in enumerate(makers.items(), start=1):
    if name == "slack-hook":  # the address, or the secret part of it
        planted.append({"name": name, "place": "srv/tokens.conf", "line": line})
    else:
        plant(name, value)
write("tokens.conf", "".join(f"{name.replace('-', '_')} = {value}\n" for name, value in makers.items()))

# Files that are known by their name or form ------------------------------------------------------
word = lambda name: plant(name, some(20))
write("home/.netrc", f"machine api.example.com\n  login bob\n  password {word('netrc')}\n")
write("home/.pgpass", f"db.internal:5432:app:bob:{word('pgpass')}\n")
write("home/.pypirc", f"[pypi]\nusername = bob\npassword = {word('pypirc')}\n")
write("home/.config/pip/pip.conf", f"[global]\nindex-url = https://bob:{word('pip-conf')}@pypi.internal/simple\n")
write("home/.npmrc", f"//npm.internal/:_authToken={word('npmrc')}\n")
write("home/.docker/config.json", json.dumps({"auths": {"registry.internal": {"auth": base64.b64encode(f"bob:{word('docker-auth')}".encode()).decode()}}}))
secret_key = plant("aws-secret", some(40, ALNUM + "/+"))
access_key = plant("aws-access", "AK" + "IA" + some(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
write("home/.aws/credentials", f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n")
write("home/.git-credentials", f"https://bob:{word('git-credentials')}@git.internal\n")
write("repo/.git/config", f'[remote "origin"]\n\turl = https://oauth2:{plant("git-remote", "gl" + "pat-" + some(20))}@git.internal/x.git\n')
write("home/.kube/config", f"apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: {plant('kubeconfig', some(64))}\n")
write("app/.env", f"DATABASE_URL=postgres://app:{word('env-url')}@db.internal:5432/app\nJWT_SECRET={plant('env-secret', some(32))}\nPORT=8080\n")
write("app/application.properties", f"spring.datasource.url=jdbc:postgresql://db/app\nspring.datasource.password={word('properties')}\n")
write("app/wp-config.php", f"<?php\ndefine( 'DB_NAME', 'wp' );\ndefine( 'DB_PASSWORD', '{word('wordpress')}' );\n")
write("app/appsettings.json", json.dumps({"ConnectionStrings": {"Default": f"Server=db;Database=app;User Id=sa;Password={word('connection-string')};"}}, indent=1))
write("app/terraform.tfvars", f'region = "eu-west-1"\ndb_password = "{word("tfvars")}"\n')
write("m2/settings.xml", f"<settings><servers><server><id>x</id><username>bob</username><password>{word('maven')}</password></server></servers></settings>\n")
write("k8s/secret.yaml", f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  token: {base64.b64encode(plant('k8s-secret', summed('gh' + 'p_')).encode()).decode()}\n")
azure = plant("azure-storage", some(86, ALNUM + "+/") + "==")
write("app/azure.txt", f"DefaultEndpointsProtocol=https;AccountName=acc;AccountKey={azure};EndpointSuffix=core.windows.net\n")
write("home/.bash_history", f"ls\ncurl -H 'Authorization: Bearer {plant('history-file', summed('gh' + 'o_'))}' https://api.internal\n")

# Private keys: the place is what counts ----------------------------------------------------------
os.makedirs(os.path.join(context, "files/keys"), exist_ok=True)
for name, arguments in {
    "rsa-pem": ["-t", "rsa", "-b", "2048", "-m", "PEM"],
    "ed25519": ["-t", "ed25519"],
    "ecdsa-pkcs8": ["-t", "ecdsa", "-m", "PKCS8"],
}.items():
    path = os.path.join(context, "files/keys", name)
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-f", path, *arguments], check=True)
    os.remove(path + ".pub")
    planted.append({"name": name, "place": f"srv/keys/{name}", "kind": "private-key", "line": 1})
key = open(os.path.join(context, "files/keys/rsa-pem")).read()
write("keys/in.yaml", "tls:\n  cert: none\n  key: |\n" + "".join(f"    {line}\n" for line in key.splitlines()))
write("keys/in.json", json.dumps({"type": "service_account", "project_id": "p", "private_key_id": some(40, HEX), "private_key": key, "client_email": "x@p.iam.gserviceaccount.com"}, indent=1))
planted.append({"name": "key-in-yaml", "place": "srv/keys/in.yaml", "line": 4})
planted.append({"name": "key-in-json", "place": "srv/keys/in.json", "line": 5})

# Archives and other wrappings --------------------------------------------------------------------
wrapped = lambda name: f"GITHUB_TOKEN={plant(name, summed('gh' + 'p_'))}\n".encode()
write("wrap/a.tgz", tar_of({"deep/env": wrapped("in-tgz")}, "gz"))
write("wrap/b.tar", tar_of({"deep/env": wrapped("in-tar")}))
write("wrap/c.gz", gzip.compress(wrapped("in-gz"), mtime=0))
write("wrap/nested.tar.gz", tar_of({"inner.tgz": tar_of({"env": wrapped("in-nested")}, "gz")}, "gz"))
for file, name in {"d.zip": "in-zip", "e.jar": "in-jar", "f.whl": "in-wheel"}.items():
    value = summed("gh" + "p_")
    write(f"wrap/{file}", zip_of({"conf/env": f"GITHUB_TOKEN={value}\n".encode()}))
    planted.append({"name": name, "value": value, "place": f"srv/wrap/{file}"})
source = write("wrap/mod.py", f'TOKEN = "{plant("in-pyc", summed("gh" + "p_"))}"\n')
py_compile.compile(source, cfile=os.path.join(context, "files/wrap/mod.pyc"))
os.remove(source)
write("wrap/encoded.txt", base64.b64encode(wrapped("in-base64")) + b"\n")
value = summed("gh" + "p_")
write("wrap/utf16.txt", f"token={value}\r\n".encode("utf-16"))
planted.append({"name": "in-utf16", "value": value, "place": "srv/wrap/utf16.txt"})
write("wrap/min.js", "var a=" + ",".join(f'"{some(12)}"' for _ in range(4000)) + f',t="{plant("in-long-line", summed("gh" + "p_"))}",' + ",".join(f"b{i}={i}" for i in range(4000)) + ";\n")

# What is none ------------------------------------------------------------------------------------
write("decoys/settings.py", "\n".join([
    'AWS_ACCESS_KEY_ID = "AKIA' + 'IOSFODNN7EXAMPLE"',
    'AWS_SECRET_ACCESS_KEY = "wJalrXUtnFEMI/' + 'K7MDENG/bPxRfiCYEXAMPLEKEY"',
    'PASSWORD = "changeme"', 'PASSWORD = os.environ["DB_PASSWORD"]', 'password = getpass.getpass()',
    'TOKEN = "<your-token-here>"', 'API_KEY = "xxxxxxxxxxxxxxxxxxxxxxxx"', 'SECRET = "${SECRET}"',
    'GITHUB = "ghp_' + "x" * 36 + '"', 'STRIPE = "sk_live_' + "0" * 24 + '"', "token: {{ .Values.token }}", ""]))
write("decoys/.env.example", "DB_PASSWORD=secret\nAPI_KEY=your_api_key\nURL=postgres://user:password@localhost/db\n")
write("decoys/lock.json", json.dumps({"integrity": "sha512-" + some(86, ALNUM + "+/") + "==", "resolved": "https://x/y.tgz", "sha1": some(40, HEX)}))
write("decoys/README.md", "Set `TOKEN=" + "ghp_" + "1234567890abcdef" + "` … and `curl -u user:pass https://example.com`.\n")
write("decoys/id.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + some(43) + " bob@host\n")
write("decoys/uuid.txt", "key: 123e4567-e89b-12d3-a456-426614174000\n")

# Configuration and history -----------------------------------------------------------------------
env = plant("env", summed("gh" + "p_"))
label = plant("label", "gl" + "pat-" + some(20))
argument = plant("arg-in-history", "np" + "m_" + some(36))
health = plant("healthcheck", "sk" + "_live_" + some(24))
command = some(20)
planted.append({"name": "cmd-url", "value": command, "place": "c"})
password = plant("env-by-name", some(24))
write("gone/token", plant("deleted-file", summed("gh" + "p_")) + "\n")
with open(os.path.join(context, "Dockerfile"), "w") as file:
    file.write(f"""ARG BASE
FROM $BASE
ENV UPSTREAM={env} DB_PASSWORD={password} MODE=production
LABEL org.example.token={label}
ARG NPM_TOKEN
RUN test -n "$NPM_TOKEN"
COPY files /srv
RUN rm -r /srv/gone && echo done
HEALTHCHECK CMD curl -u {health}: https://api.internal/health
CMD ["app", "--db", "postgres://app:{command}@db.internal/app"]
""")
with open(os.path.join(context, "argument"), "w") as file:
    file.write(argument)
with open(listing, "w") as file:
    json.dump(planted, file, indent=1)
