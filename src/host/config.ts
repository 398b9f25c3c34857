/**
 * Environment → configuration. Every mistake is found at once and named: variable, value, what is expected. An empty value counts as not set.
 *
 *   readConfig({ PONS_PORT: "99999" })
 *   → { ok: false, problems: [{ name: "PONS_PORT", value: '"99999"', expected: "a whole number from 0 to 65535" }], … }
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Level } from "../observe/logger.ts";
import {
  foreignPrefixes,
  foreignSettings,
  type Mode,
  type Parsed,
  type PortOrOff,
  type Setting,
  type SettingName,
  settings,
} from "./setting.ts";
import type { OutsideSecret } from "../outbound/index.ts";
import type { BrokerAddress } from "./bridges/address.ts";
import { parseOutboundSecrets } from "./outbound-secrets.ts";
import { StartError } from "./start-error.ts";

export interface Tls {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

export interface Mtls {
  readonly port: number;
  /** PEM text: authorities of clients. */
  readonly ca: string;
}

export interface Config {
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly data: string;
  readonly databaseUrl: string;
  readonly log: Level;
  /** Absent in development: then the data folder's own is taken. */
  readonly secret: string | undefined;
  readonly tls: Tls | undefined;
  readonly baseDomain: string | undefined;
  /** Origin as callers know it, without a slash at the end. */
  readonly publicUrl: string | undefined;
  /** Absent: 51 and 52 above the main one, where these are free. */
  readonly grpcPort: PortOrOff | undefined;
  readonly linePort: PortOrOff | undefined;
  /** Other machines may speak the line protocol without TLS. */
  readonly linePlain: boolean;
  /** Listener for clients with certificates. */
  readonly mtls: Mtls | undefined;
  readonly redisUrl: string | undefined;
  /** What happens to limited calls while that is away. */
  readonly limitsAway: "local" | "open" | "closed";
  /** Nodes there are meant to be. */
  readonly nodes: number;
  /** Brokers that events go to. */
  readonly natsUrl: BrokerAddress | undefined;
  readonly kafkaUrl: BrokerAddress | undefined;
  /** How subjects and topics begin. */
  readonly eventsPrefix: string;
  readonly outboundAllow: readonly string[];
  readonly outboundSecrets: readonly OutsideSecret[];
  /** Without a slash at the end. */
  readonly nodeUrl: string | undefined;
  /** `log`, or the absolute path of a file. */
  readonly auditExport: string | undefined;
  /** Where mails go; absent: files in development, nowhere in production. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
  /** A URI. */
  readonly securityContact: string | undefined;
}

export interface ConfigProblem {
  readonly name: SettingName;
  /** As it may be shown, with quotes; undefined when it is not set. */
  readonly value: string | undefined;
  readonly expected: string;
}

export type ConfigReading =
  | { readonly ok: true; readonly config: Config; readonly unknown: readonly string[] }
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      /** With what holds when they are not set in place of the refused values: to look at the rest, not to run on. */
      readonly rest: Config;
      readonly unknown: readonly string[];
    };

export type Environment = Readonly<Record<string, string | undefined>>;

type Value<N extends SettingName> = ReturnType<(typeof settings)[N]["parse"]> extends Parsed<infer T> ? T : never;

class Reader {
  readonly problems: ConfigProblem[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: SettingName): string | undefined {
    const value = this.#environment[name];
    return value === undefined || value === "" ? undefined : value;
  }

  read<N extends SettingName>(name: N): Value<N> | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = settings[name].parse(text) as Parsed<Value<N>>;
    if (parsed.ok) return parsed.value;
    this.refuse(name, settings[name].expected);
    return undefined;
  }

  refuse(name: SettingName, expected: string): void {
    const setting: Setting<unknown> = settings[name];
    const { shown = JSON.stringify } = setting;
    const text = this.text(name);
    this.problems.push({ name, value: text === undefined ? undefined : shown(text), expected });
  }

  /** The text of the PEM file that a variable names. */
  pem(name: "PONS_TLS_CERT" | "PONS_TLS_KEY" | "PONS_MTLS_CA", label: string): string | undefined {
    const path = this.read(name);
    if (path === undefined) return undefined;
    try {
      const content = readFileSync(path, "utf8");
      if (content.includes(`-----BEGIN `) && content.includes(label)) return content;
      this.refuse(name, `${settings[name].expected} that holds a ${label.toLowerCase()}`);
    } catch (error) {
      this.refuse(name, `${settings[name].expected} (${(error as NodeJS.ErrnoException).code ?? "unreadable"})`);
    }
    return undefined;
  }
}

const readTls = (reader: Reader): Tls | undefined => {
  const cert = reader.pem("PONS_TLS_CERT", "CERTIFICATE");
  const key = reader.pem("PONS_TLS_KEY", "PRIVATE KEY");
  if (cert !== undefined && key !== undefined) return { cert, key };
  const [hasCert, hasKey] = [reader.text("PONS_TLS_CERT") !== undefined, reader.text("PONS_TLS_KEY") !== undefined];
  if (hasCert && !hasKey) reader.refuse("PONS_TLS_KEY", "the private key of PONS_TLS_CERT");
  if (hasKey && !hasCert) reader.refuse("PONS_TLS_CERT", "the certificate of PONS_TLS_KEY");
  return undefined;
};

const readMtls = (reader: Reader, tls: Tls | undefined): Mtls | undefined => {
  const port = reader.read("PONS_MTLS_PORT");
  const ca = reader.pem("PONS_MTLS_CA", "CERTIFICATE");
  const isWanted = reader.text("PONS_MTLS_PORT") !== undefined;
  if (isWanted && reader.text("PONS_MTLS_CA") === undefined) reader.refuse("PONS_MTLS_CA", "the authorities of PONS_MTLS_PORT");
  if (isWanted && tls === undefined && reader.text("PONS_TLS_CERT") === undefined)
    reader.refuse("PONS_TLS_CERT", "the certificate with which PONS_MTLS_PORT answers");
  return port === undefined || ca === undefined || tls === undefined ? undefined : { port, ca };
};

const readData = (reader: Reader): string => {
  const data = resolve(reader.read("PONS_DATA") ?? "data");
  if (existsSync(data) && !statSync(data).isDirectory()) reader.refuse("PONS_DATA", settings.PONS_DATA.expected);
  return data;
};

const readAuditExport = (reader: Reader): string | undefined => {
  const target = reader.read("PONS_AUDIT_EXPORT");
  if (target === undefined || target === "log") return target;
  const path = resolve(target);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (isFolder || !existsSync(dirname(path)))
    reader.refuse("PONS_AUDIT_EXPORT", `${settings.PONS_AUDIT_EXPORT.expected} in a folder that is there`);
  return path;
};

const readOutboundSecrets = (reader: Reader): readonly OutsideSecret[] => {
  const path = reader.read("PONS_OUTBOUND_SECRETS");
  if (path === undefined) return [];
  const { expected } = settings.PONS_OUTBOUND_SECRETS;
  try {
    const secrets = parseOutboundSecrets(readFileSync(path, "utf8"));
    if (secrets !== undefined) return secrets;
    reader.refuse("PONS_OUTBOUND_SECRETS", expected);
  } catch (error) {
    reader.refuse("PONS_OUTBOUND_SECRETS", `${expected} (${(error as NodeJS.ErrnoException).code ?? "unreadable"})`);
  }
  return [];
};

const isUnknown = (name: string): boolean =>
  name.startsWith("PONS_") &&
  !(name in settings) &&
  !foreignSettings.has(name) &&
  !foreignPrefixes.some((prefix) => name.startsWith(prefix));

/** Reads the configuration. Never throws. */
export const readConfig = (environment: Environment): ConfigReading => {
  const reader = new Reader(environment);
  const unknown = Object.keys(environment).filter(isUnknown).toSorted();
  const mode = reader.read("PONS_MODE") ?? "development";
  const data = readData(reader);
  const secret = reader.read("PONS_SECRET");
  if (mode === "production" && reader.text("PONS_SECRET") === undefined)
    reader.refuse("PONS_SECRET", `${settings.PONS_SECRET.expected} (production does not start without it)`);
  const tls = readTls(reader);
  const config: Config = {
    mode,
    host: reader.read("PONS_HOST") ?? "127.0.0.1",
    port: reader.read("PONS_PORT") ?? 3000,
    data,
    databaseUrl: reader.read("PONS_DATABASE_URL") ?? `sqlite:${join(data, "pons.sqlite")}`,
    log: reader.read("PONS_LOG") ?? "info",
    secret,
    tls,
    publicUrl: reader.read("PONS_PUBLIC_URL"),
    grpcPort: reader.read("PONS_GRPC_PORT"),
    linePort: reader.read("PONS_LINE_PORT"),
    linePlain: reader.read("PONS_LINE_PLAIN") === "on",
    mtls: readMtls(reader, tls),
    redisUrl: reader.read("PONS_REDIS_URL"),
    limitsAway: reader.read("PONS_LIMITS_AWAY") ?? "local",
    nodes: reader.read("PONS_NODES") ?? 1,
    natsUrl: reader.read("PONS_NATS_URL"),
    kafkaUrl: reader.read("PONS_KAFKA_URL"),
    eventsPrefix: reader.read("PONS_EVENTS_PREFIX") ?? "pons",
    outboundAllow: reader.read("PONS_OUTBOUND_ALLOW") ?? [],
    outboundSecrets: readOutboundSecrets(reader),
    baseDomain: reader.read("PONS_BASE_DOMAIN"),
    nodeUrl: reader.read("PONS_NODE_URL"),
    auditExport: readAuditExport(reader),
    smtpUrl: reader.read("PONS_SMTP_URL"),
    mailFrom: reader.read("PONS_MAIL_FROM"),
    securityContact: reader.read("PONS_SECURITY_CONTACT"),
  };
  const { problems } = reader;
  return problems.length === 0 ? { ok: true, config, unknown } : { ok: false, problems, rest: config, unknown };
};

/** `PONS_PORT is "99999": expected a whole number from 0 to 65535`, a line for each problem. */
export const describeProblems = (problems: readonly ConfigProblem[]): string =>
  problems
    .map(({ name, value, expected }) => `${name} ${value === undefined ? "is not set" : `is ${value}`}: expected ${expected}`)
    .join("\n");

/** The configuration. Throws a `StartError` that names every problem. */
export const requireConfig = (environment: Environment): { readonly config: Config; readonly unknown: readonly string[] } => {
  const reading = readConfig(environment);
  if (reading.ok) return reading;
  throw new StartError("configuration", describeProblems(reading.problems));
};
