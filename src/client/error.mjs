// @ts-check
/** A refusal, or that no answer came. */
export class PonsError extends Error {
  /**
   * @param {string} type stable: `validation_failed`; `no_answer` where none came
   * @param {{ message: string, status?: number, requestId?: string, issues?: Record<string, string[]>, details?: Record<string, unknown>, retryAfter?: number,
   *   cause?: unknown }} facts
   */
  constructor(type, { message, status = 0, requestId, issues = {}, details = {}, retryAfter, cause }) {
    super(message, cause === undefined ? {} : { cause });
    this.name = "PonsError";
    this.type = type;
    /** HTTP status; 0 where no answer came. */
    this.status = status;
    this.requestId = requestId;
    /** Field → sentences. */
    this.issues = issues;
    this.details = details;
    /** Seconds. */
    this.retryAfter = retryAfter;
  }
}
