/** Refusals in the words of a language: the same on every channel, whatever form it gives them. */
import type { Messages } from "../define/service.ts";
import { localizeRefusal } from "./localize.ts";
import type { Refusal } from "./refusal.ts";

/** A refusal in a language: what every form is made of. */
export interface ToldRefusal {
  readonly error: {
    readonly code: number;
    readonly type: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  /** Field → sentences. */
  readonly data?: Readonly<Record<string, readonly string[]>>;
}

export interface Telling {
  readonly locale: string;
  readonly requestId: string;
  /** Messages of the service. */
  readonly messages: Messages | undefined;
  /** Whose field names are used. */
  readonly resource: string | undefined;
}

/** Puts a refusal into words. */
export const tell = (refusal: Refusal, { locale, requestId, messages, resource }: Telling): ToldRefusal => {
  const { message, data } = localizeRefusal(refusal, locale, messages, resource);
  const error = { code: refusal.status, type: refusal.type, message, requestId };
  return {
    error: refusal.details === undefined ? error : { ...error, details: refusal.details },
    ...(data === undefined || Object.keys(data).length === 0 ? {} : { data }),
  };
};

/** Characters of what an exception says. */
const reasonLengthMax = 500;

/**
 * What the exception of a client says: the message and, since most clients show nothing else, the sentences about single values, as far as they fit. They are
 * those of `data`: who may not see one there does not see it here.
 *
 *   "Validation failed: The name must not be empty. The price must be at least 0."
 */
export const reasonOf = ({ error: { message }, data = {} }: ToldRefusal): string => {
  const sentences = Object.values(data).flat();
  const whole = sentences.length === 0 ? message : `${message}${/[.!?]$/.test(message) ? "" : ":"} ${sentences.join(" ")}`;
  return whole.length <= reasonLengthMax
    ? whole
    : `${whole
        .slice(0, reasonLengthMax - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
};
