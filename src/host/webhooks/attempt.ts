/**
 * One attempt to deliver: a POST by the guard, to a public address and nowhere else. Only a status of 2xx counts as taken. Whatever a receiver does, an
 * outcome comes within `timeoutMs`: a redirect is not followed, of a body only the beginning is read, and only where the event was not taken.
 */
import { excerptOf, retryAfterMs } from "../../events/webhooks/index.ts";
import { type GuardedFetch, OutboundError, type OutboundFault } from "../../outbound/index.ts";
import type { Problem } from "./delivery.ts";

/** Standard Webhooks asks for 15 to 30 seconds. */
export const timeoutMs = 15_000;
const excerptBytesMax = 4_096;
const excerptMs = 1_000;

export interface Outcome {
  /** Absent: taken. */
  readonly problem: Problem | undefined;
  readonly status: number | undefined;
  readonly durationMs: number;
  /** For how long the receiver wants to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The beginning of what a receiver said that did not take it. */
  readonly response: string | undefined;
}

export interface Attempt {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Whether the address may be requested and where its name leads is told as one, so that nobody reads from it which names there are inside. */
const problems: Readonly<Record<OutboundFault, Problem>> = {
  refused_url: "address",
  refused_address: "address",
  unresolved: "address",
  unreachable: "unreachable",
  certificate: "certificate",
  redirected: "redirected",
  too_large: "status",
  encoded: "status",
  timed_out: "timed_out",
  busy: "unreachable",
  resting: "unreachable",
  no_secret: "unreachable",
};

export const mediaType = "application/cloudevents+json; charset=utf-8";

const problemOf = (status: number): Problem | undefined => {
  if (status >= 200 && status < 300) return undefined;
  if (status === 410) return "gone";
  return status >= 300 && status < 400 ? "redirected" : "status";
};

/** Makes the attempt. Rejects where `signal` has ended it, and with an `OutboundError` "busy" where too many are under way. */
export const attempt = async (guarded: GuardedFetch, { url, headers, body, nowMs, signal }: Attempt): Promise<Outcome> => {
  const began = performance.now();
  const elapsed = (): number => Math.round(performance.now() - began);
  try {
    const answer = await guarded(url, {
      method: "POST",
      headers: { ...headers, "content-type": mediaType, "user-agent": "Pons-Webhooks", accept: "*/*" },
      body,
      signal,
      timeoutMs,
      excerpt: { bytesMax: excerptBytesMax, withinMs: excerptMs },
      keepalive: true,
    });
    const { status } = answer;
    const problem = problemOf(status);
    const durationMs = elapsed();
    const content = new Uint8Array(await answer.arrayBuffer());
    const isLater = status === 429 || status === 503;
    return {
      problem,
      status,
      durationMs,
      retryAfterMs: isLater ? retryAfterMs(answer.headers.get("retry-after"), nowMs) : undefined,
      response: problem === undefined ? undefined : excerptOf(content),
    };
  } catch (error) {
    if (!(error instanceof OutboundError) || error.fault === "busy") throw error;
    const problem = problems[error.fault];
    return { problem, status: undefined, durationMs: elapsed(), retryAfterMs: undefined, response: undefined };
  }
};
