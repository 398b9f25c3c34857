/**
 * Liveness and readiness, for whoever watches the process. They say nothing of what is inside.
 *
 *   GET /healthz   200 {"status":"ok"}                      the process answers
 *   GET /readyz    200 {"status":"ready"}                   the database answers too
 *                  503 {"status":"unavailable"|"stopping"}  send calls elsewhere
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Store } from "../store/index.ts";

/** The database has this long to answer, in milliseconds. */
const pingMsMax = 2_000;

const answer = (status: number, text: string): Response =>
  Response.json({ status: text }, { status, headers: { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } });

const answers = async (store: Store): Promise<boolean> => {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), pingMsMax);
  try {
    return await Promise.race([Promise.resolve(store.ping()).then(() => true), late.promise]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
};

export const live: DocumentHandler = () => answer(200, "ok");

export const ready =
  (store: Store, isStopping: () => boolean): DocumentHandler =>
  async () => {
    if (isStopping()) return answer(503, "stopping");
    return (await answers(store)) ? answer(200, "ready") : answer(503, "unavailable");
  };
