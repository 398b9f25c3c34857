/**
 * The environment variables Pons reads: what each means, what it may be and what it is when it is not set. `config.ts` reads them by this table,
 * the command line prints it.
 */
import { levels, type Level } from "../observe/logger.ts";
import { type BrokerAddress, parseKafkaAddress, parseNatsAddress } from "./bridges/address.ts";

export type Mode = "development" | "production";

/** A value, or what was expected instead. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

export interface Setting<T> {
  readonly doc: string;
  /** In words: `a number from 0 to 65535`. */
  readonly expected: string;
  /** What holds when it is not set, for a person. */
  readonly absent: string;
  /** The value as it may be shown where it is refused; as it is when absent. */
  readonly shown?: (text: string) => string;
  readonly parse: (text: string) => Parsed<T>;
}

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const refused = { ok: false } as const;

/** RFC 1123 labels; an address of numbers is a host, not a domain. */
const domainForm = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const hostLengthMax = 253;
const portMax = 65_535;
const secretLengthMin = 32;

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): Parsed<T> => {
    const value = values.find((known) => known === text);
    return value === undefined ? refused : ok(value);
  };

const given = (address: BrokerAddress | undefined): Parsed<BrokerAddress> => (address === undefined ? refused : ok(address));

/** Who connects is left out: it may be a token. */
const hidePassword = (value: string): string => value.replace(/(:\/\/)[^\s/]*@/, "$1(hidden)@");

const text = (value: string): Parsed<string> => (value.includes("\0") ? refused : ok(value));

const host = (value: string): Parsed<string> => {
  const bare = value.startsWith("[") && value.endsWith("]") ? value.slice(1, -1) : value;
  const isAddress = /^[0-9a-fA-F:.]+$/.test(bare) && bare.length <= hostLengthMax;
  return isAddress || domainForm.test(bare.toLowerCase()) ? ok(bare) : refused;
};

const databaseUrl = (value: string): Parsed<string> => {
  if (value === "sqlite::memory:") return refused;
  if (/^sqlite:(?!\/\/[^/])(?:\/\/(?=\/))?[^?#]+$/.test(value)) return ok(value);
  if (!/^postgres(?:ql)?:\/\//.test(value) || !URL.canParse(value)) return refused;
  const { hostname, pathname } = new URL(value);
  return hostname !== "" && pathname.length > 1 ? ok(value) : refused;
};

const nodeUrl = (value: string): Parsed<string> => {
  if (!URL.canParse(value)) return refused;
  const { protocol, origin, username, password, pathname, search, hash } = new URL(value);
  const isBare = pathname === "/" && `${username}${password}${search}${hash}` === "";
  return isBare && (protocol === "http:" || protocol === "https:") ? ok(origin) : refused;
};

/** An address is a URI of one of these schemes; a plain e-mail address becomes one. */
const securityContact = (value: string): Parsed<string> => {
  if (/^[^\s@:/]+@[^\s@:/]+$/.test(value)) return ok(`mailto:${value}`);
  return /^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:[+\d().-]+)$/.test(value) && URL.canParse(value) ? ok(value) : refused;
};

/** A port, or none at all. */
export type PortOrOff = number | "off";
const portOrOffExpected = `a whole number from 0 to ${portMax}, or off`;
const portOrOff = (value: string): Parsed<PortOrOff> => {
  if (value === "off") return ok(value);
  return /^\d{1,5}$/.test(value) && Number(value) <= portMax ? ok(Number(value)) : refused;
};

export const settings = {
  PONS_MODE: {
    doc: "What the server is for. Both give an empty database its schema. Development also brings an older schema up to date, unless values would be lost, and makes the demo tenant; production does neither.",
    expected: "development or production",
    absent: "development",
    parse: oneOf<Mode>(["development", "production"]),
  },
  PONS_HOST: {
    doc: "Address to listen on. 0.0.0.0 or :: lets other machines in.",
    expected: "an IP address or a host name",
    absent: "127.0.0.1",
    parse: host,
  },
  PONS_PORT: {
    doc: "Port to listen on; 0 takes one that is free.",
    expected: `a whole number from 0 to ${portMax}`,
    absent: "3000",
    parse: (value: string): Parsed<number> => (/^\d{1,5}$/.test(value) && Number(value) <= portMax ? ok(Number(value)) : refused),
  },
  PONS_DATA: {
    doc: "Folder of the database, the secret and the demo credentials; made when missing.",
    expected: "the path of a folder",
    absent: "./data",
    parse: text,
  },
  PONS_DATABASE_URL: {
    doc: "Database.",
    expected: "postgres://user:password@host:port/database or sqlite:/path/to/file",
    absent: "SQLite in the data folder: pons.sqlite",
    shown: (value: string): string => value.replace(/(:\/\/[^\s:/@]*):[^\s/]*@/, "$1:(hidden)@"),
    parse: databaseUrl,
  },
  PONS_LOG: {
    doc: "Least weight of what is logged. One line per call only at debug.",
    expected: levels.join(", "),
    absent: "info",
    parse: oneOf<Level>(levels),
  },
  PONS_SECRET: {
    doc: "Secret of the installation: signs cursors, and calls between nodes. The same on all nodes.",
    expected: `at least ${secretLengthMin} characters, for instance from: openssl rand -base64 32`,
    absent: "made once and kept in the data folder (development); required in production",
    shown: (value: string): string => `(${value.length} characters)`,
    parse: (value: string): Parsed<string> => (value.length >= secretLengthMin && !/[\0\r\n]/.test(value) ? ok(value) : refused),
  },
  PONS_TLS_CERT: {
    doc: "Certificate chain for TLS, with PONS_TLS_KEY: then HTTPS with HTTP/1.1, HTTP/2 and HTTP/3.",
    expected: "the path of a PEM file",
    absent: "no TLS",
    parse: text,
  },
  PONS_TLS_KEY: {
    doc: "Private key of the certificate.",
    expected: "the path of a PEM file",
    absent: "no TLS",
    parse: text,
  },
  PONS_BASE_DOMAIN: {
    doc: "Domain under which services have host names: v1.bank.example.com beside /bank/v1.",
    expected: "a domain name in small letters, such as example.com",
    absent: "none: services are paths",
    parse: (value: string): Parsed<string> => (domainForm.test(value) && !/^[0-9.]+$/.test(value) ? ok(value) : refused),
  },
  PONS_PUBLIC_URL: {
    doc: "How callers reach the server, in front of any proxy: what is signed, bound or sent back names it, whatever a request says.",
    expected: "an http or https address without a path, such as https://api.example.com",
    absent: "where the server listens, such as http://127.0.0.1:3000",
    parse: nodeUrl,
  },
  PONS_GRPC_PORT: {
    doc: "Port for gRPC, on the same address.",
    expected: portOrOffExpected,
    absent: "PONS_PORT and 51: 3051; without gRPC where that one is taken",
    parse: portOrOff,
  },
  PONS_LINE_PORT: {
    doc: "Port for the line protocol, on the same address.",
    expected: portOrOffExpected,
    absent: "PONS_PORT and 52: 3052; without the line protocol where that one is taken",
    parse: portOrOff,
  },
  PONS_LINE_PLAIN: {
    doc: "Whether other machines may speak the line protocol without TLS: for networks where something before the server has it.",
    expected: "on or off",
    absent: "off: over TLS, or from this machine",
    parse: oneOf<"on" | "off">(["on", "off"]),
  },
  PONS_MTLS_PORT: {
    doc: "Port for clients with certificates (mutual TLS), with PONS_MTLS_CA and the server's own PONS_TLS_CERT and PONS_TLS_KEY.",
    expected: `a whole number from 0 to ${portMax}`,
    absent: "none",
    parse: (value: string): Parsed<number> => (/^\d{1,5}$/.test(value) && Number(value) <= portMax ? ok(Number(value)) : refused),
  },
  PONS_MTLS_CA: {
    doc: "Authorities whose client certificates count.",
    expected: "the path of a PEM file",
    absent: "none",
    parse: text,
  },
  PONS_REDIS_URL: {
    doc: "Valkey or Redis by which several nodes count limits together. Without it each node counts by itself.",
    expected: "redis://host:port or rediss://host:port, with a password where there is one",
    absent: "none",
    shown: (value: string): string => value.replace(/(:\/\/[^\s:/@]*):[^\s/]*@/, "$1:(hidden)@"),
    parse: (value: string): Parsed<string> => (/^rediss?:\/\/\S+$/.test(value) && URL.canParse(value) ? ok(value) : refused),
  },
  PONS_LIMITS_AWAY: {
    doc: "What happens to calls that are limited while PONS_REDIS_URL does not answer: they are counted by each node against its share of the limit, admitted, or refused.",
    expected: "local, open or closed",
    absent: "local",
    parse: oneOf<"local" | "open" | "closed">(["local", "open", "closed"]),
  },
  PONS_NODES: {
    doc: "How many nodes there are meant to be, for their shares of limits.",
    expected: "a whole number from 1 to 1000",
    absent: "1",
    parse: (value: string): Parsed<number> => (/^[1-9]\d{0,2}$|^1000$/.test(value) ? ok(Number(value)) : refused),
  },
  PONS_NATS_URL: {
    doc: "NATS server with JetStream that all events are sent to.",
    expected:
      "nats://host:4222 or tls://host:4222, several hosts with commas between them, with user and password where there are such",
    absent: "none",
    shown: hidePassword,
    parse: (value: string): Parsed<BrokerAddress> => given(parseNatsAddress(value)),
  },
  PONS_KAFKA_URL: {
    doc: "Kafka, or what speaks its protocol, that all events are sent to.",
    expected:
      "kafka://host:9092 or kafkas://host:9093, several hosts with commas between them, with user and password where there are such",
    absent: "none",
    shown: hidePassword,
    parse: (value: string): Parsed<BrokerAddress> => given(parseKafkaAddress(value)),
  },
  PONS_EVENTS_PREFIX: {
    doc: "How subjects of NATS and topics of Kafka begin.",
    expected: "letters, digits, hyphens and underscores, in up to four parts with dots between them",
    absent: "pons",
    parse: (value: string): Parsed<string> =>
      /^[A-Za-z0-9_-]{1,32}(?:\.[A-Za-z0-9_-]{1,32}){0,3}$/.test(value) ? ok(value) : refused,
  },
  PONS_OUTBOUND_ALLOW: {
    doc: "Origins that the server may call although they are not public https addresses, such as an identity provider or a receiver of webhooks in the own network.",
    expected: "http or https origins, separated by commas",
    absent: "none",
    parse: (value: string): Parsed<readonly string[]> => {
      const origins = value.split(",").map((part) => part.trim());
      return origins.every((one) => URL.parse(one)?.origin === one) ? ok(origins) : refused;
    },
  },
  PONS_OUTBOUND_SECRETS: {
    doc: "Secrets that jobs of services show to parties outside, each with the one origin that it goes to.",
    expected:
      'the path of a JSON file: [{ "name": "post", "origin": "https://api.post.example", "tenant": "acme", "value": "…" }]',
    absent: "none",
    parse: text,
  },
  PONS_NODE_URL: {
    doc: "Where other nodes on the same Postgres reach this one; each has its own.",
    expected: "an http or https address without a path, such as http://10.0.0.5:3000",
    absent: "where the server listens, such as http://127.0.0.1:3000",
    parse: nodeUrl,
  },
  PONS_SMTP_URL: {
    doc: "Server that mails are sent by. What leaves this machine is sent over TLS.",
    expected: "smtp://host:587 or smtps://host:465, with user and password where there are such",
    absent: "development: files in the data folder, outbox/; production: mails wait",
    shown: (value: string): string => value.replace(/(:\/\/[^\s:/@]*):[^\s/]*@/, "$1:(hidden)@"),
    parse: (value: string): Parsed<string> =>
      /^smtps?:\/\/\S+$/.test(value) && URL.canParse(value) && new URL(value).hostname !== "" ? ok(value) : refused,
  },
  PONS_MAIL_FROM: {
    doc: "Sender of mails.",
    expected: "an e-mail address, or a name with one: Acme <no-reply@acme.example>",
    absent: "no-reply@ and the domain",
    parse: (value: string): Parsed<string> =>
      /^(?:[^\s@<>"]+@[^\s@<>"]+|[^<>"\r\n]{1,64} <[^\s@<>"]+@[^\s@<>"]+>)$/.test(value) ? ok(value) : refused,
  },
  PONS_AUDIT_EXPORT: {
    doc: "Where signed checkpoints of the audit go besides the database, so that whoever changes the database is found out: a file that is only appended to, best on another machine, or the log.",
    expected: "log, or the path of a file",
    absent: "nowhere else",
    parse: text,
  },
  PONS_SECURITY_CONTACT: {
    doc: "Where weaknesses are reported, as /.well-known/security.txt says (RFC 9116).",
    expected: "an e-mail address, or a mailto:, https: or tel: address",
    absent: "security@ and the domain",
    parse: securityContact,
  },
} as const satisfies Record<string, Setting<unknown>>;

export type SettingName = keyof typeof settings;

/** Read by the launcher, by `pons call`, by tests and benchmarks; known, but not the server's. */
export const foreignSettings: ReadonlySet<string> = new Set(["PONS_BUN", "PONS_KEY", "PONS_FAULT_ROUNDS"]);
export const foreignPrefixes: readonly string[] = ["PONS_TEST_", "PONS_FUZZ_", "PONS_BENCH_"];
