/**
 * Why a server, or a command that needs what a server needs, does not start: a mistake of the surroundings, told in words a person can act on.
 * Anything else that is thrown is a mistake of ours.
 *
 *   configuration  an environment variable or a file it names
 *   definition     a service that does not load or does not compile
 *   schema         the database has another schema than the services need
 *   unavailable    the database does not answer, the port is taken
 */
export type StartErrorCode = "configuration" | "definition" | "schema" | "unavailable";

export class StartError extends Error {
  override readonly name = "StartError";
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
