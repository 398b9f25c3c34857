/** `pons contract`: the contract of a service as its clients know it: locked in a file, compared with it, or as an OpenAPI document. */
import { writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { checkLock, formatDiff, writeLock } from "../../contract/lock/index.ts";
import type { Contract } from "../../contract/index.ts";
import { lockPath } from "../../host/lock.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { contractOf, loadDefinitions } from "../surroundings.ts";

const actions = ["lock", "diff", "openapi", "protocol"];
const today = (): string => new Date().toISOString().slice(0, 10);
const shown = (path: string): string => relative(process.cwd(), path) || path;

interface Chosen {
  readonly contract: Contract;
  readonly path: string;
}

const chosen = async (invocation: Invocation): Promise<readonly Chosen[]> => {
  const definitions = await loadDefinitions(invocation);
  const [, name] = invocation.positionals;
  if (name !== undefined) contractOf(definitions, name);
  return definitions.services
    .filter(({ definition }) => name === undefined || definition.name === name)
    .map((service) => ({ contract: contractOf(definitions, service.definition.name), path: lockPath(service) }));
};

const lock = async (invocation: Invocation): Promise<number> => {
  const { options, output } = invocation;
  const acceptBreaking = options.text("accept-breaking");
  const facts: object[] = [];
  const lines: string[] = [];
  let isRefused = false;
  for (const { contract, path } of await chosen(invocation)) {
    const update = await writeLock(path, contract, {
      today: today(),
      ...(acceptBreaking === undefined ? {} : { acceptBreaking }),
    });
    facts.push({ service: contract.service, path, written: update.ok && update.changed, changes: update.changes });
    const diff = formatDiff(update.changes);
    if (!update.ok) {
      isRefused = true;
      lines.push(
        `${shown(path)} was not written.`,
        diff,
        `Announce breaking changes: pons contract lock ${contract.service} --accept-breaking "reason"`,
      );
    } else
      lines.push(
        update.changed ? `${shown(path)} was written.` : `${shown(path)} is up to date.`,
        ...(diff === "" ? [] : [diff]),
      );
  }
  output.result({ locks: facts }, lines.join("\n"));
  return isRefused ? exitCodes.failed.code : exitCodes.ok.code;
};

const diff = async (invocation: Invocation): Promise<number> => {
  const facts: object[] = [];
  const lines: string[] = [];
  let isCurrent = true;
  for (const { contract, path } of await chosen(invocation)) {
    const { state, changes, text } = await checkLock(path, contract, { today: today() });
    facts.push({ service: contract.service, path, state, changes });
    lines.push(text === "" ? `${shown(path)} is up to date.` : text.replaceAll(path, shown(path)));
    isCurrent &&= state === "current";
  }
  invocation.output.result({ locks: facts }, lines.join("\n"));
  return isCurrent ? exitCodes.ok.code : exitCodes.failed.code;
};

const specVersions = ["3.1.2", "3.2.0"] as const;

const specVersionOf = (text: string): (typeof specVersions)[number] => {
  const found = specVersions.find((version) => version === text || version.startsWith(`${text}.`));
  if (found !== undefined) return found;
  throw new CommandError("usage", `--spec is "${text}": expected ${specVersions.map((v) => v.slice(0, 3)).join(" or ")}`);
};

/** The service and version that are meant. */
const oneOf = async (invocation: Invocation): Promise<{ readonly contract: Contract; readonly version: string }> => {
  const { positionals, options } = invocation;
  const definitions = await loadDefinitions(invocation);
  const names = [...definitions.contracts.keys()];
  // Beside one service of one's own there is the control plane, which is seldom meant.
  const own = names.filter((one) => one !== "platform");
  const name = positionals[1] ?? (own.length === 1 ? own[0] : undefined);
  if (name === undefined) throw new CommandError("usage", `which service: ${names.join(", ")}`);
  const contract = contractOf(definitions, name);
  const versions = [contract.version, ...contract.older.map((older) => older.name)];
  const version = options.text("version") ?? contract.version;
  if (!versions.includes(version))
    throw new CommandError("usage", `${name} has no version ${version}: there are ${versions.join(", ")}`);
  return { contract, version };
};

const printOpenapi = async (invocation: Invocation): Promise<number> => {
  const { options, output } = invocation;
  const { contract, version } = await oneOf(invocation);
  const baseUrl = options.text("url")?.replace(/\/+$/, "");
  const { openapi } = await import("../../contract/openapi/index.ts");
  const document = openapi(contract, {
    version,
    specVersion: specVersionOf(options.text("spec") ?? "3.1"),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
  output.raw(`${JSON.stringify(document, null, output.json ? 0 : 2)}\n`);
  return exitCodes.ok.code;
};

/** Writes the protocol description to a file, whose name says in which form. */
const writeProtocol = async (invocation: Invocation): Promise<number> => {
  const { options, output } = invocation;
  const { contract, version } = await oneOf(invocation);
  const out = options.text("out") ?? `${contract.service}-${version}.pdf`;
  if (!/\.(?:pdf|html)$/.test(out))
    throw new CommandError("usage", `--out is "${out}": expected a name that ends in .pdf or .html`);
  const origin = options.text("url")?.replace(/\/+$/, "");
  const { protocolHtml, protocolOf } = await import("../../contract/protocol/index.ts");
  const document = protocolOf(contract, { version, ...(origin === undefined ? {} : { origin }) });
  const content = out.endsWith(".html")
    ? protocolHtml(document)
    : await (await import("../../contract/protocol/pdf.ts")).protocolPdf(document);
  try {
    await writeFile(out, content);
  } catch (error) {
    throw new CommandError("failed", `${out} cannot be written: ${(error as Error).message}`);
  }
  output.result({ file: out, bytes: Buffer.byteLength(content) }, `${shown(out)} was written.`);
  return exitCodes.ok.code;
};

export const contract: Command = {
  name: "contract",
  summary: "Lock the contract, compare with the lock, print OpenAPI.",
  doc: [
    "lock     writes contract.lock beside the definition; a breaking change only with --accept-breaking and a reason\n" +
      "diff     compares the definition with its lock; exit code 1 when they differ\n" +
      "openapi  prints the OpenAPI document of a service\n" +
      "protocol writes a description for people, as a page or to print",
  ],
  arguments: [
    { name: "action", doc: "What to do.", required: true, values: actions },
    { name: "service", doc: "Which service; all when left out.", required: false },
  ],
  options: {
    "accept-breaking": { type: "string", value: "<reason>", doc: "lock: announce breaking changes, with the reason." },
    version: { type: "string", value: "<name>", doc: "openapi, protocol: which version; the newest when left out." },
    out: { type: "string", value: "<file>", doc: "protocol: where to, .pdf or .html; <service>-<version>.pdf when left out." },
    spec: { type: "string", value: "<3.1|3.2>", doc: "openapi: version of the specification; 3.1 when left out." },
    url: { type: "string", value: "<url>", doc: "openapi, protocol: where the server is." },
    ...servicesOption,
  },
  examples: [
    "pons contract diff",
    'pons contract lock bank --accept-breaking "title was never used"',
    "pons contract openapi bank > bank.json",
    "pons contract protocol bank --out bank.pdf",
  ],
  async run(invocation) {
    const [action] = invocation.positionals;
    if (action === "lock") return lock(invocation);
    if (action === "diff") return diff(invocation);
    return action === "protocol" ? writeProtocol(invocation) : printOpenapi(invocation);
  },
};
