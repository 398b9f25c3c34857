/**
 * An access token as it is shown: whether it is good (`verifier.ts`), and whether whoever shows it may (RFC 9449 section 7, RFC 8705 section 3).
 *
 *   token bound to     shown as Bearer                 shown as DPoP
 *   nothing            counts                          refused: not_bound
 *   a DPoP key         refused: bound                  with a proof by this key
 *   a certificate      on a connection with this certificate, in either case; a token bound to both needs both
 *
 * A token for one part of the installation alone (RFC 8707) counts nowhere else: who was shown it there cannot pass it on.
 */
import type { MaybePromise } from "../../../store/store.ts";
import { andThen } from "../../condition.ts";
import type { Refusal } from "../../refusal.ts";
import type { DpopVerifier } from "./dpop.ts";
import { refusalOf, refused, type TokenFault, type TokenRefused } from "./fault.ts";
import type { TokenIdentity } from "./trust.ts";
import type { TokenVerifier } from "./verifier.ts";

export interface ShownToken {
  readonly token: string;
  /** The scheme of `Authorization`. */
  readonly scheme: "Bearer" | "DPoP";
  /** The header `DPoP` as it came (several are joined and thereby wrong), and the request: its address has the public origin. */
  readonly proof?: { readonly jwt: string; readonly method: string; readonly url: string };
  /** SHA-256 of the client certificate of the connection, in base64url: from the TLS layer, never from a header. */
  readonly certificate?: string;
  /** Path of the part of the installation at which it is shown, where tokens may be for that alone. */
  readonly resource?: string;
}

type Shown = TokenIdentity | TokenRefused;

export class AccessTokens {
  readonly #verifier: TokenVerifier;
  readonly #dpop: DpopVerifier;

  constructor(options: { readonly verifier: TokenVerifier; readonly dpop: DpopVerifier }) {
    this.#verifier = options.verifier;
    this.#dpop = options.dpop;
  }

  /** As `check`, with the refusal of a call. */
  verify(shown: ShownToken): MaybePromise<TokenIdentity | Refusal> {
    return andThen(this.check(shown), (checked) => (checked.ok ? checked : refusalOf(checked)));
  }

  /** Whom the token stands for, or why it does not count. Answers at once for a known token without a proof. */
  check(shown: ShownToken): MaybePromise<Shown> {
    const verified = this.#verifier.verify(shown.token);
    return verified instanceof Promise ? verified.then((one) => this.#bind(one, shown)) : this.#bind(verified, shown);
  }

  #bind(identity: Shown, shown: ShownToken): MaybePromise<Shown> {
    if (!identity.ok) return identity;
    if (identity.resource !== null && identity.resource !== shown.resource) return refused("audience");
    const { jkt, x5tS256 } = identity.cnf ?? {};
    if (x5tS256 !== undefined && shown.certificate === undefined) return refused("certificate_missing");
    if (x5tS256 !== undefined && shown.certificate !== x5tS256) return refused("certificate");
    if (shown.scheme === "Bearer") return jkt === undefined ? identity : refused("bound");
    if (jkt === undefined) return refused("not_bound");
    const { proof, token } = shown;
    if (proof === undefined) return refused("proof_missing");
    const fault = this.#dpop.check(proof.jwt, { method: proof.method, url: proof.url, token, jkt });
    const settle = (fault: TokenFault | undefined): Shown => (fault === undefined ? identity : refused(fault));
    return fault instanceof Promise ? fault.then(settle) : settle(fault);
  }
}
