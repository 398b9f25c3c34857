/** Environment → configuration: what is taken, what is refused, and that every problem is named at once. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describeProblems, readConfig } from "../../src/host/config.ts";
import { settings } from "../../src/host/setting.ts";
import { writeCertificate } from "./certificate.ts";
import { root } from "./server.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const certificates = new TemporaryFolder();
const { cert, key } = writeCertificate(certificates.path);
afterAll(() => certificates[Symbol.dispose]());
const secret = "0123456789abcdef0123456789abcdef";

const configOf = (environment: Record<string, string>) => {
  const reading = readConfig(environment);
  if (!reading.ok) throw new Error(describeProblems(reading.problems));
  return reading.config;
};

const problemsOf = (environment: Record<string, string>): string => {
  const reading = readConfig(environment);
  return reading.ok ? "" : describeProblems(reading.problems);
};

test("nothing set: a development server for this machine alone", () => {
  expect(configOf({})).toEqual({
    mode: "development",
    host: "127.0.0.1",
    port: 3000,
    data: resolve("data"),
    databaseUrl: `sqlite:${resolve("data", "pons.sqlite")}`,
    log: "info",
    secret: undefined,
    tls: undefined,
    publicUrl: undefined,
    grpcPort: undefined,
    linePort: undefined,
    linePlain: false,
    mtls: undefined,
    redisUrl: undefined,
    limitsAway: "local",
    nodes: 1,
    natsUrl: undefined,
    kafkaUrl: undefined,
    eventsPrefix: "pons",
    outboundAllow: [],
    outboundSecrets: [],
    baseDomain: undefined,
    nodeUrl: undefined,
    auditExport: undefined,
    smtpUrl: undefined,
    mailFrom: undefined,
    securityContact: undefined,
  });
});

test("an empty value is not set", () => {
  expect(configOf({ PONS_PORT: "", PONS_MODE: "", PONS_DATABASE_URL: "" })).toEqual(configOf({}));
});

const taken: [name: keyof typeof settings, value: string, field: string, expected: unknown][] = [
  ["PONS_PORT", "0", "port", 0],
  ["PONS_PORT", "65535", "port", 65535],
  ["PONS_HOST", "0.0.0.0", "host", "0.0.0.0"],
  ["PONS_HOST", "::", "host", "::"],
  ["PONS_HOST", "[::1]", "host", "::1"],
  ["PONS_HOST", "localhost", "host", "localhost"],
  ["PONS_LOG", "silent", "log", "silent"],
  ["PONS_DATA", "/tmp/pons-there-is-no-such", "data", "/tmp/pons-there-is-no-such"],
  ["PONS_DATABASE_URL", "postgres://u:p@h:5432/d", "databaseUrl", "postgres://u:p@h:5432/d"],
  ["PONS_DATABASE_URL", "postgresql://h/d", "databaseUrl", "postgresql://h/d"],
  ["PONS_DATABASE_URL", "sqlite:/tmp/a.db", "databaseUrl", "sqlite:/tmp/a.db"],
  ["PONS_DATABASE_URL", "sqlite:///tmp/a.db", "databaseUrl", "sqlite:///tmp/a.db"],
  ["PONS_DATABASE_URL", "sqlite:a.db", "databaseUrl", "sqlite:a.db"],
  ["PONS_SECRET", secret, "secret", secret],
  ["PONS_BASE_DOMAIN", "api.example.com", "baseDomain", "api.example.com"],
  ["PONS_NODE_URL", "http://10.0.0.5:3000", "nodeUrl", "http://10.0.0.5:3000"],
  ["PONS_NODE_URL", "https://a.example.com/", "nodeUrl", "https://a.example.com"],
  ["PONS_AUDIT_EXPORT", "log", "auditExport", "log"],
  ["PONS_AUDIT_EXPORT", "checkpoints.ndjson", "auditExport", resolve("checkpoints.ndjson")],
  ["PONS_SECURITY_CONTACT", "cert@example.com", "securityContact", "mailto:cert@example.com"],
  ["PONS_SECURITY_CONTACT", "https://example.com/report?via=pons", "securityContact", "https://example.com/report?via=pons"],
  ["PONS_SECURITY_CONTACT", "tel:+1-201-555-0123", "securityContact", "tel:+1-201-555-0123"],
];
test.each(taken)("%s=%s is taken", (name, value, field, expected) => {
  expect(configOf({ [name]: value })).toMatchObject({ [field]: expected });
});

const refused: [name: keyof typeof settings, value: string][] = [
  ["PONS_PORT", "65536"],
  ["PONS_PORT", "-1"],
  ["PONS_PORT", "3e3"],
  ["PONS_PORT", " 3000"],
  ["PONS_PORT", "http"],
  ["PONS_HOST", "a b"],
  ["PONS_HOST", "http://localhost"],
  ["PONS_MODE", "prod"],
  ["PONS_MODE", "Production"],
  ["PONS_LOG", "verbose"],
  ["PONS_LOG", "INFO"],
  ["PONS_DATABASE_URL", "mysql://h/d"],
  ["PONS_DATABASE_URL", "postgres://"],
  ["PONS_DATABASE_URL", "postgres://host"],
  ["PONS_DATABASE_URL", "sqlite:"],
  ["PONS_DATABASE_URL", "sqlite://host/file"],
  ["PONS_DATABASE_URL", "sqlite::memory:"],
  ["PONS_DATABASE_URL", "data.db"],
  ["PONS_SECRET", "short"],
  ["PONS_SECRET", `${secret}\n`],
  ["PONS_TLS_CERT", "/there/is/no/such.pem"],
  ["PONS_BASE_DOMAIN", "example.com/path"],
  ["PONS_BASE_DOMAIN", "https://example.com"],
  ["PONS_BASE_DOMAIN", "10.0.0.1"],
  ["PONS_BASE_DOMAIN", "Example.com"],
  ["PONS_AUDIT_EXPORT", "/there/is/no/such/file.ndjson"],
  ["PONS_SECURITY_CONTACT", "somebody"],
  ["PONS_SECURITY_CONTACT", "http://example.com/report"],
  ["PONS_SECURITY_CONTACT", "a@example.com\nContact: b@example.com"],
  ["PONS_NODE_URL", "10.0.0.5:3000"],
  ["PONS_NODE_URL", "ftp://10.0.0.5"],
  ["PONS_NODE_URL", "http://10.0.0.5/pons"],
  ["PONS_NODE_URL", "http://user:word@10.0.0.5"],
];
test.each(refused)("%s=%s is refused with its name, its value and what is expected", (name, value) => {
  const told = problemsOf({ [name]: value });
  expect(told).toStartWith(`${name} is `);
  expect(told).toContain(settings[name].expected);
  if (name === "PONS_SECRET") expect(told).not.toContain(value);
  else expect(told).toContain(name === "PONS_DATABASE_URL" ? `is ${value}:` : `is ${JSON.stringify(value)}:`);
});

test("a password is not shown", () => {
  const told = problemsOf({ PONS_DATABASE_URL: "postgres://ann:pa:ss@word@host" });
  expect(told).toStartWith("PONS_DATABASE_URL is postgres://ann:(hidden)@host: expected");
});

test("all problems at once, a line each", () => {
  const told = problemsOf({ PONS_PORT: "x", PONS_MODE: "y", PONS_LOG: "z", PONS_SECRET: "s" });
  expect(told.split("\n").map((line) => line.split(" ")[0])).toEqual(["PONS_MODE", "PONS_SECRET", "PONS_PORT", "PONS_LOG"]);
});

test("production does not start without its secret", () => {
  expect(problemsOf({ PONS_MODE: "production" })).toStartWith("PONS_SECRET is not set: expected at least 32 characters");
  expect(configOf({ PONS_MODE: "production", PONS_SECRET: secret })).toMatchObject({ mode: "production", secret });
});

describe("TLS", () => {
  test("certificate and key are read", () => {
    const { tls } = configOf({ PONS_TLS_CERT: cert, PONS_TLS_KEY: key });
    expect(tls?.cert).toStartWith("-----BEGIN CERTIFICATE-----");
    expect(tls?.key).toStartWith("-----BEGIN PRIVATE KEY-----");
  });

  test.each([
    ["only a certificate", { PONS_TLS_CERT: cert }, "PONS_TLS_KEY is not set: expected the private key of PONS_TLS_CERT"],
    ["only a key", { PONS_TLS_KEY: key }, "PONS_TLS_CERT is not set: expected the certificate of PONS_TLS_KEY"],
    ["mixed up", { PONS_TLS_CERT: key, PONS_TLS_KEY: cert }, "that holds a certificate"],
    ["a folder", { PONS_TLS_CERT: import.meta.dir, PONS_TLS_KEY: key }, "(EISDIR)"],
  ])("%s is refused", (_, environment, told) => {
    expect(problemsOf(environment as Record<string, string>)).toContain(told);
  });
});

describe("secrets for parties outside", () => {
  const readFrom = (text: string): string => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.at("secrets.json"), text);
    const environment = { PONS_OUTBOUND_SECRETS: folder.at("secrets.json") };
    return problemsOf(environment) || JSON.stringify(configOf(environment).outboundSecrets);
  };
  const post = { name: "post", origin: "https://api.post.example", tenant: "acme", value: "s3cret" };

  test("are read from a file", () => {
    expect(JSON.parse(readFrom(JSON.stringify([post])))).toEqual([post]);
    expect(readFrom("[]")).toBe("[]");
  });

  test.each([
    ["no JSON", "s3cret"],
    ["no list", JSON.stringify(post)],
    ["no value", JSON.stringify([{ ...post, value: "" }])],
    ["a path beside the origin", JSON.stringify([{ ...post, origin: "https://api.post.example/s3cret" }])],
    ["a line break", JSON.stringify([{ ...post, value: "s3cret\nX-Other: 1" }])],
    ["a member nobody knows", JSON.stringify([{ ...post, origins: "s3cret" }])],
  ])("%s is refused, and the secret is not shown", (_, text) => {
    const told = readFrom(text);
    expect(told).toStartWith("PONS_OUTBOUND_SECRETS is ");
    expect(told).not.toContain("s3cret");
  });

  test("a file that is not there is refused", () => {
    expect(problemsOf({ PONS_OUTBOUND_SECRETS: "/there/is/no/such.json" })).toContain("(ENOENT)");
  });
});

test("a file is no data folder", () => {
  using folder = new TemporaryFolder();
  writeFileSync(folder.at("data"), "");
  expect(problemsOf({ PONS_DATA: folder.at("data") })).toContain("expected the path of a folder");
  mkdirSync(folder.at("other"));
  expect(configOf({ PONS_DATA: folder.at("other") }).data).toBe(folder.at("other"));
});

test("unknown PONS_ variables are told; those of the launcher, tests and benchmarks are known", () => {
  const environment = { PONS_PROT: "1", PONS_BUN: "x", PONS_TEST_POSTGRES_URL: "x", PONS_DATABASE: "x", PATH: "x" };
  expect(readConfig(environment).unknown).toEqual(["PONS_DATABASE", "PONS_PROT"]);
});

test("every variable the code reads is in the table", async () => {
  const names = new Set<string>();
  for await (const file of new Bun.Glob("{src,bin,bench,test}/**/*.{ts,mjs}").scan({ cwd: root })) {
    if (file.endsWith(".test.ts") || file.includes("node_modules")) continue;
    const text = await Bun.file(join(root, file)).text();
    for (const [, name] of text.matchAll(/(?:process\.env|environment|env)\["(PONS_[A-Z_]+)"\]/g))
      if (name !== undefined) names.add(name);
  }
  const { unknown } = readConfig(Object.fromEntries([...names].map((name) => [name, "x"])));
  expect(unknown).toEqual([]);
});
