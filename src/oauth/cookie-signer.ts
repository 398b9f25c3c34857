/**
 * Signs the cookies of log-ins, so that who reads the database cannot make one. Takes the place of the library's own signer, which uses SHA-1 and a
 * function of Node that is on its way out.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export class CookieSigner {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  sign(cookie: string): string {
    return createHmac("sha256", this.#key).update(cookie).digest("base64url");
  }

  verify(cookie: string, signature: string): boolean {
    const [given, wanted] = [Buffer.from(signature), Buffer.from(this.sign(cookie))];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  /** Which key made the signature: there is one, the first; −1: none of ours. */
  index(cookie: string, signature: string): number {
    return this.verify(cookie, signature) ? 0 : -1;
  }
}
