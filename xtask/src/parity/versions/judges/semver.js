// npm's semver, in the loose mode in which npm reads the version of an installed package.
const fs = require("node:fs");

const SemVer = require("semver/classes/semver");

const out = [`semver: ${require("semver/package.json").version}`];
for (const pair of fs.readFileSync(process.argv[2], "utf8").trimEnd().split("\n")) {
  try {
    const [left, right] = pair.split("\x1f").map((text) => new SemVer(text, { loose: true }));
    out.push(["<", "=", ">"][left.compare(right) + 1]);
  } catch {
    out.push("!");
  }
}
console.log(out.join("\n"));
