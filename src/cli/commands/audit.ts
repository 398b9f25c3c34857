/** `pons audit verify|export|key`: the audit's rows, verified or printed, read beside servers that run; and the key with which checkpoints are verified elsewhere. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  auditTables,
  checkpointsIn,
  type NamedRealm,
  type Problem,
  type PublicKey,
  publicKeyFrom,
  RawRows,
  signingKeyOf,
  type Verification,
  verifyAudit,
} from "../../audit/index.ts";
import { countersTable, journalTable } from "../../batch/system-tables.ts";
import { type Config, requireConfig } from "../../host/config.ts";
import { readIfPresent } from "../../host/private-file.ts";
import { isMigratedTo, type OpenStore } from "../../store/index.ts";
import type { Command, Invocation } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { withDatabase } from "../surroundings.ts";

const actions = ["verify", "export", "key"] as const;
const advice = "See: pons help audit";
const exported = ["journal", "refusals", "checkpoints"] as const;

/** The installation's secret as it is given or kept; unlike a start, this makes none. */
const presentSecret = ({ data, secret }: Config): string | undefined => secret ?? readIfPresent(join(data, "secret"))?.trim();

const withAudit = <T>(invocation: Invocation, work: (store: OpenStore, config: Config) => Promise<T>): Promise<T> =>
  withDatabase(invocation, async (store, config) => {
    if (await isMigratedTo(store, [journalTable, countersTable, ...auditTables])) return work(store, config);
    throw new CommandError("schema", "the database does not have the audit's tables as they are now", {
      advice: "See: pons migrate",
    });
  });

const keysOf = ({ options }: Invocation, config: Config): readonly PublicKey[] => {
  const secret = presentSecret(config);
  try {
    const given = options.texts("key").map((text) => publicKeyFrom(existsSync(text) ? (readIfPresent(text) ?? "") : text));
    return [...given, ...(secret === undefined ? [] : [signingKeyOf(secret).public])];
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError("usage", `--key: ${error.message}`, { advice, cause: error });
    throw error;
  }
};

const realmsMeant = async (rows: RawRows, { options }: Invocation): Promise<readonly NamedRealm[]> => {
  const all = await rows.realms();
  const tenant = options.text("tenant");
  if (tenant === undefined) return [{ realm: 0, tenant: "–", environment: "installation" }, ...all];
  const found = all.filter((one) => one.tenant === tenant);
  if (found.length > 0) return found;
  throw new CommandError("usage", `the database has no tenant ${tenant}`);
};

const countOf = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const told = ({ journal, refusals, checkpoints, exported: taken }: Verification): string => {
  const parts = [
    `${countOf(journal.rows, "row", "rows")} of ${countOf(journal.realms, "journal", "journals")}`,
    `${countOf(refusals.rows, "row", "rows")} of refusals`,
    countOf(checkpoints.statements, "checkpoint", "checkpoints"),
    ...(taken.statements === 0 ? [] : [countOf(taken.statements, "exported one", "exported ones")]),
  ];
  const older = journal.unchained === 0 ? "" : ` ${countOf(journal.unchained, "row is", "rows are")} older than the chain.`;
  return `The audit agrees: ${parts.join(", ")}.${older}`;
};

const lineOf = ({ table, realm, stream, seq, what }: Problem, names: ReadonlyMap<number, string>): string =>
  `✗ ${table} ${names.get(realm) ?? `realm ${realm}`}${stream === undefined ? "" : ` ${stream}`} row ${seq}: ${what}`;

const verify = (invocation: Invocation): Promise<number> =>
  withAudit(invocation, async (store, config) => {
    const { options, output } = invocation;
    const meant = await realmsMeant(new RawRows(store), invocation);
    const path = options.text("checkpoints");
    if (path !== undefined && !existsSync(path))
      throw new CommandError("definition", `${path} cannot be read: there is no such file`);
    const verification = await verifyAudit(store, {
      keys: keysOf(invocation, config),
      ...(options.has("tenant") ? { realms: new Set(meant.map(({ realm }) => realm)) } : {}),
      ...(path === undefined ? {} : { exported: checkpointsIn(path) }),
    });
    if (path !== undefined && verification.exported.statements === 0)
      throw new CommandError("definition", `there are no checkpoints in ${path}`);
    const { problems } = verification;
    const names = new Map(meant.map(({ realm, tenant, environment }) => [realm, `${tenant}/${environment}`]));
    const text = problems.length === 0 ? told(verification) : problems.map((problem) => lineOf(problem, names)).join("\n");
    output.result({ ok: problems.length === 0, ...verification }, text);
    return problems.length === 0 ? exitCodes.ok.code : exitCodes.failed.code;
  });

/** A stored JSON value as what it means; as its text where it means nothing. */
const jsonOf = (text: string | null): unknown => {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const rowsToExport = async function* (rows: RawRows, invocation: Invocation): AsyncGenerator<object> {
  const of = invocation.options.text("of") ?? "journal";
  for (const { realm, tenant, environment } of await realmsMeant(rows, invocation)) {
    const place = realm === 0 ? { tenant: null, environment: null } : { tenant, environment };
    if (of === "journal")
      for await (const { actor, changes, events, ...row } of rows.journal(realm))
        yield { ...place, ...row, actor: jsonOf(actor), changes: jsonOf(changes), events: jsonOf(events) };
    if (of === "refusals")
      for await (const { actor, ...row } of rows.refusals(realm))
        yield { ...row, ...place, claimedTenant: row.tenant, actor: jsonOf(actor) };
  }
  if (of === "checkpoints") yield* rows.checkpoints();
};

const print = (invocation: Invocation): Promise<number> =>
  withAudit(invocation, async (store) => {
    const of = invocation.options.text("of") ?? "journal";
    if (!exported.some((known) => known === of))
      throw new CommandError("usage", `audit export: --of is "${of}": expected ${exported.join(", ")}`, { advice });
    for await (const row of rowsToExport(new RawRows(store), invocation)) invocation.output.raw(`${JSON.stringify(row)}\n`);
    return exitCodes.ok.code;
  });

const key = async (invocation: Invocation): Promise<number> => {
  const { config } = requireConfig(invocation.environment);
  const secret = presentSecret(config);
  if (secret === undefined)
    throw new CommandError("unavailable", "there is no secret yet from which the key could be derived", {
      advice: "A server makes one at its first start; in production it is PONS_SECRET.",
    });
  const { id, raw, pem } = signingKeyOf(secret).public;
  invocation.output.result({ id, algorithm: "Ed25519", publicKey: raw, pem }, pem);
  return exitCodes.ok.code;
};

const allowed: Readonly<Record<(typeof actions)[number], readonly string[]>> = {
  verify: ["tenant", "checkpoints", "key"],
  export: ["tenant", "of"],
  key: [],
};

export const audit: Command = {
  name: "audit",
  summary: "Verify and export the audit.",
  doc: [
    "verify recomputes the hash of every row of the journal and of the refusals, and compares them with the signed checkpoints of the database and, with --checkpoints, with those that were exported (PONS_AUDIT_EXPORT). A row that was changed, removed, put in or moved makes the exit code 1, and a line names the first one of its chain. It only reads, and may run beside servers.",
    "export prints rows, a JSON value per line: of the journal, of what was refused, or the checkpoints.",
    "key prints the public key of the checkpoints. It is derived from the installation's secret: after a change of the secret, checkpoints of before need the former key with --key.",
  ],
  arguments: [{ name: "action", doc: "What to do.", required: true, values: actions }],
  options: {
    tenant: { type: "string", value: "<name>", doc: "Only this tenant's rows." },
    checkpoints: {
      type: "string",
      value: "<file>",
      doc: "With verify: checkpoints as they were exported; other lines of the file are skipped.",
    },
    key: {
      type: "string",
      value: "<key>",
      multiple: true,
      doc: "With verify: a public key that counts too, or its file; may be repeated.",
    },
    of: { type: "string", value: "<what>", doc: "With export: journal (when left out), refusals or checkpoints." },
  },
  examples: [
    "pons audit verify",
    "pons audit verify --tenant acme --checkpoints /mnt/elsewhere/checkpoints.ndjson",
    "pons audit export --of refusals --tenant acme > refusals.ndjson",
    "pons audit key > audit-key.pem",
  ],
  async run(invocation) {
    const action = invocation.positionals[0] as (typeof actions)[number];
    const stray = ["tenant", "checkpoints", "key", "of"].find(
      (name) => invocation.options.has(name) && !allowed[action].includes(name),
    );
    if (stray !== undefined) throw new CommandError("usage", `audit ${action}: --${stray} has no meaning`, { advice });
    if (action === "verify") return verify(invocation);
    return action === "export" ? print(invocation) : key(invocation);
  },
};
