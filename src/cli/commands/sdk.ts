/** `pons sdk`: writes a typed client of a service. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { sdkOf } from "../../contract/sdk/index.ts";
import { type Command, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { contractOf, loadDefinitions } from "../surroundings.ts";

const engine = ["api", "encoding", "error", "query", "signer"];

/** The engine's files as they go with a client. */
const runtime = async (): Promise<Readonly<Record<string, string>>> => {
  const folder = join(import.meta.dir, "..", "..", "client");
  const files = await Promise.all(
    engine.map(async (name) => {
      const text = await readFile(join(folder, `${name}.mjs`), "utf8");
      return [`${name}.js`, text.replaceAll(/(from "\.\/\w+)\.mjs"/g, '$1.js"')] as const;
    }),
  );
  return { ...Object.fromEntries(files), "api.d.ts": apiTypes, "signer.d.ts": signerTypes };
};

const apiTypes = `/** How a client calls. */
export interface ClientOptions {
  /** \`https://api.example.com\`; a path before \`/{service}/{version}\` is kept. */
  baseUrl: string;
  /** API key. */
  key?: string | undefined;
  /** Access token, or what gives one; asked before every request. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** Of \`createSigner\`: every request is signed (RFC 9421). */
  signer?: { sign(request: Request): Promise<Request> } | undefined;
  /** Of messages: \`de\`. */
  language?: string | undefined;
  /** Where the credentials do not say whose it is. */
  tenant?: string | undefined;
  /** Further attempts of a call that can be repeated safely; 3. */
  retries?: number | undefined;
  /** Of one attempt, in milliseconds; 30,000. */
  timeoutMs?: number | undefined;
  /** After so much silence an event stream counts as cut, in milliseconds; 45,000. */
  silenceMs?: number | undefined;
  /** In place of the platform's. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** On every request. */
  headers?: Readonly<Record<string, string>> | undefined;
}
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Of a command; made when absent, so that a repeated attempt has one effect. */
  idempotencyKey?: string | undefined;
  /** Entity tag, or \`*\`. */
  ifMatch?: string | undefined;
  language?: string | undefined;
  /** The row on whose behalf. */
  actFor?: { subject: string; reason?: string | undefined } | undefined;
  timeoutMs?: number | undefined;
  retries?: number | undefined;
}
/** A refusal, or that no answer came. */
export declare class PonsError extends Error {
  /** Stable: \`validation_failed\`; \`no_answer\` where none came. */
  readonly type: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly requestId: string | undefined;
  /** Field → sentences. */
  readonly issues: Record<string, string[]>;
  readonly details: Record<string, unknown>;
  /** Seconds. */
  readonly retryAfter: number | undefined;
}
`;

const signerTypes = `/** A \`CryptoKey\`, whichever types of the platform are at hand. */
export interface SigningKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: object;
  readonly usages: readonly string[];
}
export interface SignerOptions {
  /** Id of the app; \`app_…/sandbox\` for its keys of another environment than live. */
  keyId: string;
  algorithm?: "hmac-sha256" | "ed25519" | undefined;
  /** For hmac-sha256: the app's signing secret. */
  secret?: string | Uint8Array | undefined;
  /** For ed25519: a key that may sign, or its PKCS #8 (DER). */
  privateKey?: SigningKey | Uint8Array | undefined;
  /** Further headers to cover. */
  cover?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined;
}
/** Signs requests (RFC 9421): the \`signer\` of a client. */
export declare const createSigner: (options: SignerOptions) => Promise<{ sign(request: Request): Promise<Request> }>;
`;

export const sdk: Command = {
  name: "sdk",
  summary: "Write a typed client of a service.",
  doc: [
    "Writes ES modules with TypeScript declarations, without dependencies, for browsers, Node and Bun: a function per operation, pages as iterators, event streams, retries with idempotency keys, signed requests.",
  ],
  arguments: [{ name: "service", doc: "Which service.", required: true }],
  options: {
    out: { type: "string", value: "<folder>", doc: "Where to; <service>-client when left out." },
    version: { type: "string", value: "<name>", doc: "Which version; the newest when left out." },
    package: { type: "string", value: "<name>", doc: "Name of the package; <service>-client when left out." },
    ...servicesOption,
  },
  examples: ["pons sdk bank", "pons sdk bank --version v1 --out clients/bank-v1"],
  async run(invocation) {
    const { positionals, options, output } = invocation;
    const name = positionals[0] ?? "";
    const contract = contractOf(await loadDefinitions(invocation), name);
    const version = options.text("version") ?? contract.version;
    const versions = [contract.version, ...contract.older.map((older) => older.name)];
    if (!versions.includes(version))
      throw new CommandError("usage", `${name} has no version ${version}: there are ${versions.join(", ")}`);
    const folder = resolve(options.text("out") ?? `${name}-client`);
    const packageName = options.text("package");
    const files = sdkOf(contract, {
      version,
      runtime: await runtime(),
      ...(packageName === undefined ? {} : { packageName }),
    });
    try {
      await mkdir(folder, { recursive: true });
      for (const [file, text] of files) await writeFile(join(folder, file), text);
    } catch (error) {
      throw new CommandError("failed", `${folder} cannot be written: ${(error as Error).message}`);
    }
    const shown = relative(process.cwd(), folder) || ".";
    output.result({ folder, files: [...files.keys()] }, `${shown} holds a client of ${name} ${version}.`);
    return exitCodes.ok.code;
  },
};
