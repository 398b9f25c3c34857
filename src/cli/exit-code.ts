/**
 * Exit codes of every command. Those above 63 are the ones of sysexits.h.
 *
 * A command that a signal ends gives 128 + the signal's number; a server drains on SIGTERM and SIGINT and gives 0.
 */
export const exitCodes = {
  ok: { code: 0, doc: "Done." },
  failed: { code: 1, doc: "The command ran, and the answer is no: a call was refused, a check failed, a contract broke." },
  schema: { code: 3, doc: "The database does not have the schema that the services need: pons migrate." },
  usage: { code: 64, doc: "The command line is wrong." },
  definition: { code: 65, doc: "A service does not load or does not compile; a file that was given cannot be read." },
  unavailable: { code: 69, doc: "Something needed is not there: the database, the server, the port." },
  internal: { code: 70, doc: "A mistake of Pons itself." },
  exists: { code: 73, doc: "What is to be made is there already." },
  configuration: { code: 78, doc: "An environment variable has a value it may not have." },
} as const satisfies Record<string, { readonly code: number; readonly doc: string }>;

export type ExitName = keyof typeof exitCodes;

/** What ends a command early: told to the person in words, without a stack. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exit: Exclude<ExitName, "ok">;
  /** What to do about it, or to look at. */
  readonly advice: string | undefined;

  constructor(
    exit: Exclude<ExitName, "ok">,
    message: string,
    options: { readonly advice?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.exit = exit;
    this.advice = options.advice;
  }
}
