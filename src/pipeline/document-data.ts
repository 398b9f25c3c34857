/** A document as the data of a result: JSON-ready, and whole again in a channel that sends files. */
export interface DocumentData {
  /** `text/csv`; one of those its operation declares. */
  readonly mediaType: string;
  /** Safe to save under. */
  readonly filename: string;
  /** `base64` (RFC 4648 section 4): content is bytes. */
  readonly encoding: "text" | "base64";
  readonly content: string;
}
