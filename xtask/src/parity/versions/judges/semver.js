// npm's semver, in the loose mode in which npm reads the version of an installed package.
const fs = require("node:fs");

let SemVer;
let version;
try {
  SemVer = require("semver/classes/semver");
  ({ version } = require("semver/package.json"));
} catch {
  console.error("npm's semver is not installed");
  process.exit(3);
}

const out = [`semver: ${version}`];
for (const pair of fs.readFileSync(process.argv[2], "utf8").trimEnd().split("\n")) {
  try {
    const [left, right] = pair.split("\x1f").map((text) => new SemVer(text, { loose: true }));
    out.push(["<", "=", ">"][left.compare(right) + 1]);
  } catch {
    out.push("!");
  }
}
console.log(out.join("\n"));
