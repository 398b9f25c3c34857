/** Who calls, with the realm of the rows the call is about. Plain data: it travels between nodes. */
import type { Mask } from "../../define/field.ts";
import type { Principal } from "../../define/function.ts";

/** How the caller was recognised; `app`: not at all, the installation works for it. */
export type Authentication =
  "key" | "signature" | "sealed" | "session" | "token" | "basic" | "certificate" | "app" | "anonymous" | "system";

/** Fields that policies keep from a caller: table and field (`bank_accounts.iban`) → what is shown in place of the value. Plain data. */
export interface Redaction {
  /** The same for the same fields. */
  readonly key: string;
  readonly fields: ReadonlyMap<string, "removed" | Mask>;
}

export type Caller = Principal & {
  readonly realm: number;
  readonly authentication?: Authentication;
  /** Name of the plan under which the app uses the service; absent: none. */
  readonly plan?: string;
  /** 0 … 9: what is shed first when there is too much to do has the lowest. */
  readonly priority?: number;
  readonly redaction?: Redaction;
  /** Patterns of operations that the credential is limited to; absent: all that its roles allow. */
  readonly operations?: readonly string[];
};
