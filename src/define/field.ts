/**
 * Fields: what a resource's rows, a function's input and a named filter's parameters are made of. `t.<kind>(options)` makes one.
 *
 * A field is data. From it follow the TypeScript type of the value, the column, the JSON Schema, the checks on input, what may be filtered
 * and sorted, and who may read or write it.
 *
 *   kind       value in a handler                 on the wire
 *   id, ref    string "acc_01J…"                  the same
 *   string     string, one line                   the same            text: string, any lines
 *   integer    number, −(2^53−1) … 2^53−1         number
 *   money      bigint, minor units, int64         number up to 2^53−1, decimal string beyond
 *   decimal    string "12.50", exact              string (numbers are accepted)
 *   boolean    boolean                            the same
 *   enum       one of its values                  the same
 *   date       "2026-01-31"                       the same
 *   dateTime   "2026-01-31T09:30:00.000Z"         RFC 3339, any offset accepted, UTC answered
 *   duration   "P1DT2H"                           ISO 8601
 *   email, url, phone, currency, country, language: strings checked by their standard
 *   json       any JSON value                     the same
 *   object     record of its fields               the same
 *   array      list of its item's value           the same
 *   binary     Uint8Array                         base64 (RFC 4648 §4)
 */

export type FieldKind =
  | "id"
  | "ref"
  | "string"
  | "text"
  | "integer"
  | "money"
  | "decimal"
  | "boolean"
  | "enum"
  | "date"
  | "dateTime"
  | "duration"
  | "email"
  | "url"
  | "phone"
  | "currency"
  | "country"
  | "language"
  | "json"
  | "object"
  | "array"
  | "binary";

/** What everyone else sees of a field they may not read in full. `last4`: "••••1234"; `hidden`: "••••"; `email`: "j•••@example.com". */
export type Mask = "last4" | "hidden" | "email";

/** Options every kind takes. */
export interface FieldOptions {
  /** One sentence for the documents. */
  readonly doc?: string;
  /** Shown in the documents; made up from the kind when absent. */
  readonly example?: unknown;
  /** May be absent; the value is then `null`. */
  readonly optional?: boolean;
  /** The value when a create leaves the field out (on the wire's form). */
  readonly default?: unknown;
  /** `never`: only code writes it. `create`: fixed once created. A list: only these roles may. Absent: whoever may write the row. */
  readonly write?: "never" | "create" | readonly string[];
  /** Roles that may read it; the others do not see it (or see it masked). Absent: whoever may read the row. */
  readonly read?: readonly string[];
  /** What readers outside `read` see instead of nothing. */
  readonly mask?: Mask;
  /** No two rows of a tenant's environment share the value (null aside). */
  readonly unique?: boolean;
  /** Keep an index for filters and sorting. References and unique fields have one by themselves; that of an optional reference leaves nulls out. */
  readonly index?: boolean;
  /** `false`: may not be filtered or sorted by. */
  readonly filter?: boolean;
  /** A secret, or what stands for one: it is not in the journal, which tells only that it has changed. */
  readonly secret?: true;
  /** Set by the writer: `created`, `updated`: the moment; `sequence`: 1, 2, 3 … without gaps, in order of commit; `version`: counts changes. */
  readonly set?: "created" | "updated" | "sequence" | "version";
}

export interface TextOptions extends FieldOptions {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression the whole value must match; linear-time patterns only (no nested quantifiers, no back references). */
  readonly pattern?: string;
  readonly default?: string;
}

export interface IntegerOptions extends FieldOptions {
  readonly min?: number;
  readonly max?: number;
  readonly default?: number;
}

export interface MoneyOptions extends FieldOptions {
  readonly min?: bigint;
  readonly max?: bigint;
  readonly default?: bigint;
  /** Name of the field that holds the currency; documents only. */
  readonly currency?: string;
}

export interface DecimalOptions extends FieldOptions {
  /** Most digits after the point (default 9, at most 18). */
  readonly scale?: number;
  readonly min?: string;
  readonly max?: string;
  readonly default?: string;
}

export interface IdOptions extends FieldOptions {
  /** A create may bring its own id (any UUID or an id of this form); it is then the permanent idempotency key. */
  readonly client?: boolean;
}

export interface ArrayOptions extends FieldOptions {
  readonly minItems?: number;
  /** Default 1,000. */
  readonly maxItems?: number;
}

declare const fieldType: unique symbol;

/** One field. `T` is the value in a handler, `O` its options as given (the flags decide what is required and writable). */
export interface Field<T = unknown, O extends object = object> {
  readonly [fieldType]: T;
  readonly kind: FieldKind;
  readonly options: O & FieldOptions;
  /** id: the prefix. */
  readonly prefix?: string;
  /** id: whether a client may choose it. */
  readonly client?: boolean;
  /** ref: name of the resource it points to. */
  readonly target?: string;
  /** enum: its values, in order. */
  readonly values?: readonly string[];
  /** object: its fields. */
  readonly fields?: Fields;
  /** array: its items. */
  readonly item?: Field;
}

export type Fields = { readonly [name: string]: Field };

type BaseValue<F> = F extends Field<infer T, infer _> ? T : never;
type OptionsOf<F> = F extends Field<infer _, infer O> ? O : never;

/** The value a handler sees: `null` when the field is optional. */
export type FieldValue<F> = OptionsOf<F> extends { optional: true } ? BaseValue<F> | null : BaseValue<F>;

type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** A row: every field. */
export type RowOf<F extends Fields> = Simplify<{ [K in keyof F]: FieldValue<F[K]> }>;

type OmittableKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { kind: "id" }
    ? K
    : OptionsOf<F[K]> extends { optional: true } | { default: {} } | { set: string }
      ? K
      : never;
}[keyof F];

/** What an insert from code gives: fields that are optional, defaulted or set by the writer may be left out. */
export type InsertOf<F extends Fields> = Simplify<
  { [K in Exclude<keyof F, OmittableKeys<F>>]: FieldValue<F[K]> } & { [K in OmittableKeys<F>]?: FieldValue<F[K]> }
>;

/** Validated input of a function: optional fields are `null` when absent, defaults are filled in. */
export type InputOf<F extends Fields> = RowOf<F>;

export type IdField<O extends object = object> = Field<string, O> & { readonly kind: "id" };

// A field's options keep their literal types (`const O`), so that `optional: true` shows in the row's type.
const make = <T, const O extends object>(kind: FieldKind, options: O | undefined, more: Partial<Field> = {}): Field<T, O> =>
  ({ kind, options: options ?? {}, ...more }) as unknown as Field<T, O>;

/** Refuses options that the kind does not have. */
type Exact<O, Options> = O & { readonly [K in Exclude<keyof O, keyof Options>]: never };

const ofKind =
  <T, Options extends FieldOptions>(kind: FieldKind) =>
  <const O extends Options = Options>(options?: Exact<O, Options>): Field<T, O> =>
    make<T, O>(kind, options);

/** The field kinds. */
export const t = {
  /** The resource's identifier, `prefix_` and 26 characters that sort by time (UUIDv7 bits, RFC 9562, in Crockford base 32). */
  id: <const O extends IdOptions = {}>(prefix: string, options?: Exact<O, IdOptions>): IdField<O> =>
    make<string, O>("id", options, { prefix, client: options?.client ?? false }) as IdField<O>,
  /** A reference to one row of another resource; kept whole by the store. */
  ref: <const O extends FieldOptions = {}>(target: string, options?: Exact<O, FieldOptions>): Field<string, O> =>
    make<string, O>("ref", options, { target }),
  string: ofKind<string, TextOptions>("string"),
  text: ofKind<string, TextOptions>("text"),
  integer: ofKind<number, IntegerOptions>("integer"),
  money: ofKind<bigint, MoneyOptions>("money"),
  decimal: ofKind<string, DecimalOptions>("decimal"),
  boolean: ofKind<boolean, FieldOptions & { default?: boolean }>("boolean"),
  enum: <const V extends readonly string[], const O extends FieldOptions & { default?: V[number] } = {}>(
    values: V,
    options?: O,
  ): Field<V[number], O> => make<V[number], O>("enum", options, { values }),
  date: ofKind<string, FieldOptions & { min?: string; max?: string }>("date"),
  dateTime: ofKind<string, FieldOptions>("dateTime"),
  duration: ofKind<string, FieldOptions>("duration"),
  email: ofKind<string, TextOptions>("email"),
  url: ofKind<string, TextOptions>("url"),
  phone: ofKind<string, TextOptions>("phone"),
  currency: ofKind<string, FieldOptions>("currency"),
  country: ofKind<string, FieldOptions>("country"),
  language: ofKind<string, FieldOptions>("language"),
  json: ofKind<unknown, FieldOptions>("json"),
  object: <const F extends Fields, const O extends FieldOptions = {}>(
    fields: F,
    options?: O,
  ): Field<RowOf<F>, O> & { readonly fields: F } =>
    make<RowOf<F>, O>("object", options, { fields }) as Field<RowOf<F>, O> & { readonly fields: F },
  array: <I extends Field, const O extends ArrayOptions = {}>(item: I, options?: O): Field<FieldValue<I>[], O> =>
    make<FieldValue<I>[], O>("array", options, { item }),
  binary: ofKind<Uint8Array, FieldOptions & { maxBytes?: number }>("binary"),
} as const;
