/**
 * Persisted documents (GraphQL over HTTP, appendix A): texts that the definition registers under their identifiers. None is ever registered by a caller: whoever
 * knows a hash only, and it is not registered, has to send the text.
 */
const sha256Form = /^sha256:[0-9a-f]{64}$/;
const customForm = /^(?:x-[A-Za-z0-9._~-]{1,64}:)?[A-Za-z0-9._~-]{1,128}$/;

export const sha256Of = (text: string): string => `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;

export class Persisted {
  readonly #texts: ReadonlyMap<string, string>;

  /** Throws `TypeError` for an identifier that is none, or is not its text's hash. Each text is known by its hash as well. */
  constructor(documents: Readonly<Record<string, string>>) {
    const texts = new Map<string, string>();
    for (const [id, text] of Object.entries(documents)) {
      const hash = sha256Of(text);
      if (id.startsWith("sha256:") ? id !== hash : !customForm.test(id))
        throw new TypeError(`${id.slice(0, 100)} is no identifier of its document (that would be ${hash})`);
      texts.set(id, text);
      texts.set(hash, text);
    }
    this.#texts = texts;
  }

  find(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** Whether a text is a registered one. */
  has(text: string): boolean {
    return this.#texts.size > 0 && this.#texts.has(sha256Of(text));
  }

  /** Whether a text can be an identifier. */
  static isIdentifier(id: string): boolean {
    return sha256Form.test(id) || customForm.test(id);
  }
}
