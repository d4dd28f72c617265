"""An RPM database in the forms that this system's rpm cannot write, from one in SQLite:

    python3 rpmdb.py rpmdb.sqlite ndb Packages.db             as openSUSE has it
    python3 rpmdb.py rpmdb.sqlite dump | db5.3_load Packages  Berkeley DB, as CentOS 7 and RHEL 8 have it

The headers are the same bytes in all forms. ndb is written as lib/backend/ndb/rpmpkg.c of rpm does.
"""

import sqlite3
import struct
import sys
import zlib

source, form = sys.argv[1:3]
rows = sqlite3.connect(source).execute("select hnum, blob from Packages order by hnum").fetchall()

if form == "dump":
    # db_dump's own form: lines of hexadecimal keys and values.
    print("VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize=4096\nh_nelem=%d\nHEADER=END" % len(rows))
    pairs = [(0, struct.pack("<I", max(number for number, _ in rows)))] + rows
    for number, blob in pairs:
        print(" " + struct.pack("<I", number).hex())
        print(" " + bytes(blob).hex())
    print("DATA=END")
    sys.exit()

BLOCK, PAGE = 16, 4096
slots, blobs = [], b""
start = PAGE // BLOCK  # one page of slots, behind the header's two
for number, blob in rows:
    blob = bytes(blob)
    head = b"BlbS" + struct.pack("<III", number, 1, len(blob))
    tail_length = 12
    padding = -(len(head) + len(blob) + tail_length) % BLOCK
    body = head + blob + b"\0" * padding
    body += struct.pack("<I", zlib.adler32(body)) + struct.pack("<I", len(blob)) + b"BlbE"
    slots.append(b"Slot" + struct.pack("<III", number, start + len(blobs) // BLOCK, len(body) // BLOCK))
    blobs += body
header = b"RpmP" + struct.pack("<IIII", 0, 1, 1, max(number for number, _ in rows) + 1)
header = header.ljust(2 * BLOCK, b"\0")
page = header + b"".join(slots)
assert len(page) <= PAGE
while len(page) < PAGE:
    page += b"Slot" + b"\0" * 12
with open(sys.argv[3], "wb") as file:
    file.write(page + blobs)
