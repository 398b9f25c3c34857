/** What a definition says of GraphQL beyond what follows from the rest of it. */

export interface GraphqlDefinition {
  /**
   * Roles that may ask for the schema itself: an operation of its own, `introspection`, for scopes and policies. Absent: whoever has credentials, and in
   * development everybody.
   */
  readonly introspection?: readonly string[];
  /**
   * Persisted documents: identifier → text. An identifier is `sha256:` and the text's hash in hexadecimal, or any name. Tools such as Relay's compiler write
   * such a file: `documents: manifest`, imported from its JSON.
   */
  readonly documents?: Readonly<Record<string, string>>;
  /** Roles whose callers may execute persisted documents only; so may then callers without credentials. */
  readonly persistedOnly?: readonly string[];
}
