/** What is wrong with one value. `code` names a message (`issue.<code>`; see `values/issue-codes.ts`), `params` fill it. */
export interface Issue {
  readonly code: string;
  readonly params?: Readonly<Record<string, string | number>>;
}

/** Field path (`email`, `address.city`, `goods.0.sku`, a query parameter's name) → what is wrong with it. */
export type Issues = Readonly<Record<string, readonly Issue[]>>;
