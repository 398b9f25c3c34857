/**
 * As much of a browser as a log-in needs: cookies by name and path, redirects within the server, forms by their fields. It stops where it is sent
 * elsewhere, which is the answer to the app.
 */
/** Of everybody in the tests. */
export const password = "correct horse battery staple";

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly attributes: string;
}

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where it would go on elsewhere. */
  readonly leaves?: URL;
}

const redirectsMax = 10;
const unescape = (text: string): string => text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&");

/** Hidden and filled fields of the page's form. */
export const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input\b([^>]*)>/g)].map(([, tag = ""]) => [
      /\bname="([^"]*)"/.exec(tag)?.[1] ?? "",
      unescape(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? ""),
    ]),
  );

export const actionOf = (html: string): string => unescape(/<form\b[^>]*\baction="([^"]*)"/.exec(html)?.[1] ?? "");
export const titleOf = (html: string): string => unescape(/<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? "");

export class Browser {
  readonly #origin: string;
  readonly #server: string;
  cookies: Cookie[] = [];

  /** `server`: where the public origin is really found. */
  constructor({ origin, server }: { readonly origin: string; readonly server: string }) {
    this.#origin = origin;
    this.#server = server;
  }

  open(url: string | URL): Promise<Page> {
    return this.#follow(new URL(url, this.#origin), { method: "GET" });
  }

  /** Sends the page's form with these fields besides its own. */
  submit(
    page: Page,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { origin: this.#origin, "sec-fetch-site": "same-origin" },
  ): Promise<Page> {
    const body = new URLSearchParams({ ...fieldsOf(page.html), ...fields });
    return this.#follow(new URL(actionOf(page.html), page.url), { method: "POST", body, headers });
  }

  logIn(page: Page, email: string, given = password): Promise<Page> {
    return this.submit(page, { email, password: given, decision: "go" });
  }

  /** Opens an authorization request, logs in where that is asked for, allows all that is asked; the answer to the app. */
  async allow(url: string | URL, email: string): Promise<URL> {
    let page = await this.open(url);
    for (let steps = 0; page.leaves === undefined && steps < 3; steps++) {
      if (page.status !== 200) throw new Error(`${page.status}: ${page.html}`);
      page = page.html.includes('name="password"') ? await this.logIn(page, email) : await this.submit(page, { decision: "go" });
    }
    if (page.leaves === undefined) throw new Error(`still at ${page.url}: ${page.html}`);
    return page.leaves;
  }

  async #follow(url: URL, init: RequestInit): Promise<Page> {
    let [at, next] = [url, init];
    for (let count = 0; count < redirectsMax; count++) {
      const cookie = this.cookies
        .filter(({ path }) => at.pathname === path || at.pathname.startsWith(path.endsWith("/") ? path : `${path}/`))
        .map(({ name, value }) => `${name}=${value}`)
        .join("; ");
      const headers = { ...(next.headers as Record<string, string>), accept: "text/html", ...(cookie === "" ? {} : { cookie }) };
      const target = new URL(at.pathname + at.search, this.#server);
      const answer = await fetch(target, { ...next, headers, redirect: "manual" });
      for (const text of answer.headers.getSetCookie()) this.#keep(text);
      const location = answer.headers.get("location");
      const html = await answer.text();
      const page = { url: at.href, status: answer.status, headers: answer.headers, html };
      if (location === null) return page;
      const to = new URL(location, at);
      if (to.origin !== at.origin) return { ...page, leaves: to };
      [at, next] = [to, { method: "GET" }];
    }
    throw new Error(`more than ${redirectsMax} redirects`);
  }

  #keep(text: string): void {
    const [, name = "", value = "", attributes = ""] = /^([^=]+)=([^;]*)(.*)$/.exec(text) ?? [];
    const path = /;\s*path=([^;]*)/i.exec(attributes)?.[1] ?? "/";
    this.cookies = this.cookies.filter((cookie) => cookie.name !== name || cookie.path !== path);
    const isOver = /expires=Thu, 01 Jan 1970/i.test(attributes);
    if (!isOver) this.cookies.push({ name, value, path, attributes });
  }
}
