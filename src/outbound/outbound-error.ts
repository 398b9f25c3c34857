/** Why a request to outside was not made, or its answer not taken. The message is for the log and for who gave the address, never for other callers. */
export type OutboundFault =
  /** The address may not be requested: scheme, port, user, host. */
  | "refused_url"
  /** Its name leads, or also leads, to an address that is not public. */
  | "refused_address"
  | "unresolved"
  | "unreachable"
  /** The certificate is not good for the name. */
  | "certificate"
  /** Answered with a redirect, which is not followed. */
  | "redirected"
  | "too_large"
  | "timed_out"
  /** The body is encoded although none was asked for. */
  | "encoded"
  /** Too many requests are under way. */
  | "busy"
  /** It has failed several times in a row, or asked for a pause: it is left alone for a while. */
  | "resting"
  /** There is no such secret, or it is not for this address. */
  | "no_secret";

export class OutboundError extends Error {
  override readonly name = "OutboundError";
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
