/**
 * The query of three levels for other pages: callers who ask for the same at the same moment may be answered by one read, so it is also measured with callers who
 * ask for what nobody else does. Each call asks for one of nine pages, never for the same one twice in a row.
 */
import type { CallPlan } from "../../harness/peer.ts";

const pages = 9;
const list = /(\w*ccounts)\(first: (\d+)\)/;

interface Answer {
  readonly data?: Readonly<Record<string, { readonly pageInfo?: { readonly endCursor?: unknown } }>>;
}

const ask = async (url: string, { method, paths: [path = ""], headers }: CallPlan, query: string): Promise<Answer> => {
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify({ query }) });
  return (await answer.json()) as Answer;
};

/** The call for a page behind a cursor; undefined where a server has no cursors. Throws where the pages come to an end. */
export const otherPages = async (url: string, call: CallPlan): Promise<CallPlan | undefined> => {
  const { query = "" } = JSON.parse(call.body ?? "{}") as { readonly query?: string };
  const [whole, field = "", first] = list.exec(query) ?? [];
  if (whole === undefined) throw new Error("a query without a list of accounts");
  const behind = (cursor: string | undefined): string =>
    `${field}(first: ${first}${cursor === undefined ? "" : `, after: "${cursor}"`})`;
  const words: string[] = [];
  while (words.length < pages) {
    const { data } = await ask(url, call, `{ list: ${behind(words.at(-1))} { pageInfo { endCursor } } }`);
    const cursor = data?.["list"]?.pageInfo?.endCursor;
    if (typeof cursor !== "string") {
      if (words.length === 0) return undefined;
      throw new Error(`${words.length} pages instead of ${pages}`);
    }
    words.push(cursor);
  }
  return { ...call, body: JSON.stringify({ query: query.replace(list, behind("{word}")) }), words };
};
