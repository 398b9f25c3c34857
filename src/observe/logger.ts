/**
 * Logs: a line per event on standard error, JSON for machines, short text for a terminal.
 *
 *   {"time":"2026-03-01T12:00:00.000Z","level":"error","event":"call_failed","requestId":"…","operation":"accounts.get","error":{…}}
 *   12:00:00.000 error call_failed requestId=… operation=accounts.get
 *
 * One event is one line whatever it holds: control characters are escaped. API keys, passwords in addresses, and fields that are named like
 * secrets are not written. Stacks appear here and nowhere else. Strings are cut at 8,192 characters, nesting at 4, lists at 50.
 */
import { isTerminal } from "./terminal.ts";
export const levels = ["debug", "info", "warn", "error", "silent"] as const;

export type Level = (typeof levels)[number];

export type Fields = Readonly<Record<string, unknown>>;

export interface Logger {
  /** Whether events of this weight are written: asked before facts are gathered at a price. */
  isOn(level: Exclude<Level, "silent">): boolean;
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

export interface LoggerOptions {
  readonly level: Level;
  /** Short text instead of JSON; default: when standard error is a terminal. */
  readonly text?: boolean;
  /** Where lines go, each with its line end; default: standard error. */
  readonly write?: (line: string) => void;
  readonly clock?: () => number;
}

const lengthMax = 8_192;
const depthMax = 4;
const itemsMax = 50;
const hidden = "(hidden)";

const secretWord = /secret|password|authorization|credential|cookie|apikey|(?:^|[_-])(?:key|token)$/i;
const secretEnd = /[a-z](?:Key|Token)$/;
const isSecretName = (name: string): boolean => secretWord.test(name) || secretEnd.test(name);
const apiKey = /\bpons_([a-z]{1,16})_[0-9A-Za-z]{8,}/g;
const addressPassword = /(:\/\/[^\s:/@]*:)[^\s@/]+@/g;

const cleanText = (text: string): string => {
  const cut = text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  return cut.replace(apiKey, `pons_$1_${hidden}`).replace(addressPassword, `$1${hidden}@`);
};

const cleanError = (error: Error, depth: number): Fields => {
  const { name, message, stack, cause } = error;
  const code: unknown = "code" in error ? error.code : "kind" in error ? error.kind : undefined;
  return {
    name,
    message: cleanText(message),
    ...(typeof code === "string" ? { code } : {}),
    ...(stack === undefined ? {} : { stack: cleanText(stack) }),
    ...(cause === undefined ? {} : { cause: clean(cause, depth + 1) }),
  };
};

const clean = (value: unknown, depth: number): unknown => {
  if (typeof value === "string") return cleanText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) return "…";
  if (value instanceof Error) return cleanError(value, depth);
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((item) => clean(item, depth + 1));
  return cleanFields(value as Fields, depth + 1);
};

const cleanFields = (fields: Fields, depth: number): Fields => {
  const cleaned: Record<string, unknown> = {};
  let count = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (++count > itemsMax) break;
    if (value !== undefined) cleaned[name] = isSecretName(name) ? hidden : clean(value, depth);
  }
  return cleaned;
};

/** Everything that a terminal would obey: C0 but for tab, DEL, C1, line and paragraph separators. */
// eslint-disable-next-line no-control-regex
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;
const escaped = (text: string): string =>
  text.replace(controls, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

const plain = (value: unknown): string => {
  if (typeof value !== "string") return escaped(JSON.stringify(value) ?? "");
  return /^[^\s"=]+$/.test(value) ? escaped(value) : escaped(JSON.stringify(value));
};

/** Stacks stay readable on a terminal: each frame on its own indented line. */
const asText = (time: string, level: string, event: string, fields: Fields): string => {
  const { error, ...rest } = fields as { error?: { name?: unknown; message?: unknown; stack?: unknown } };
  const parts = Object.entries(rest).map(([name, value]) => `${escaped(name)}=${plain(value)}`);
  const head = [time.slice(11, 23), level.padEnd(5), escaped(event), ...parts].join(" ");
  if (typeof error !== "object" || error === null) return error === undefined ? head : `${head} error=${plain(error)}`;
  const stack = typeof error.stack === "string" ? error.stack : `${String(error.name)}: ${String(error.message)}`;
  return [head, ...stack.split("\n").map((line) => `    ${escaped(line)}`)].join("\n");
};

const standardError = 2;

/** Makes a logger. It never throws: what cannot be written is dropped. */
export const createLogger = (options: LoggerOptions): Logger => {
  const { level, clock = Date.now, write = (line: string) => void process.stderr.write(line) } = options;
  const text = options.text ?? isTerminal(standardError);
  const least = levels.indexOf(level);
  const log =
    (own: Exclude<Level, "silent">) =>
    (event: string, fields: Fields = {}): void => {
      if (levels.indexOf(own) < least) return;
      try {
        const time = new Date(clock()).toISOString();
        const cleaned = cleanFields(fields, 0);
        // JSON leaves U+2028, U+2029 and C1 as they are; a terminal or a line reader may not.
        const line = text ? asText(time, own, event, cleaned) : escaped(JSON.stringify({ time, level: own, event, ...cleaned }));
        write(`${line}\n`);
      } catch {
        // A value that cannot be described must not stop what was to be described.
      }
    };
  return {
    isOn: (wanted) => levels.indexOf(wanted) >= least,
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
  };
};
