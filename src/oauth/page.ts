/**
 * Pages for people: plain HTML made here, without scripts. The policy lets nothing run and nothing load but the page's own style, which carries the
 * nonce of this one answer, and forms go nowhere but to us and on to the app that asked.
 */
import { randomBytes } from "node:crypto";
import type { Context } from "oidc-provider/lib/provider.js";
import { texts } from "./texts.ts";

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}" +
  "h1{font-size:1.5rem}label{display:block;margin:1rem 0 .25rem;font-weight:600}small{display:block;color:#57606a}" +
  "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #6e7781;border-radius:.25rem}" +
  "button{font:inherit;margin:1.25rem .5rem 0 0;padding:.5rem 1rem;border:1px solid #0b57d0;border-radius:.25rem;color:#0b57d0;background:none}" +
  "button.main{color:#fff;background:#0b57d0}.problem{padding:.5rem .75rem;border-left:.25rem solid #b3261e;background:#fceeee}" +
  "input:focus-visible,button:focus-visible{outline:3px solid #f2b600;outline-offset:2px}" +
  "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}small{color:#9aa4af}input{color:#e6edf3;background:#161b22}" +
  "button{color:#79b8ff;border-color:#79b8ff}button.main{color:#0d1117;background:#79b8ff}.problem{background:#3a1d1d}}";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Text as HTML. */
const html = (value: string): string => value.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

const nonceBytes = 18;

/** Where a form may lead besides to us: a redirect after it counts too. A web origin, or the scheme of an app on a phone. */
const formTarget = (uri: string): string | undefined => {
  const url = URL.parse(uri);
  if (url === null) return undefined;
  return url.protocol === "https:" || url.protocol === "http:" ? url.origin : url.protocol;
};

/** For pages of the library, which names the hash of its one script. */
export const libraryPolicy = "default-src 'none'; script-src 'report-sample'; base-uri 'none'; frame-ancestors 'none'";

interface PageOptions {
  readonly status?: number;
  /** URIs to which a form of the page may lead in the end. */
  readonly leadsTo?: readonly string[];
}

const send = (context: Context, title: string, body: string, { status = 200, leadsTo = [] }: PageOptions = {}): void => {
  const nonce = randomBytes(nonceBytes).toString("base64");
  const targets = ["'self'", ...leadsTo.map(formTarget).filter((target) => target !== undefined)];
  context.status = status;
  context.type = "text/html; charset=utf-8";
  context.set("Cache-Control", "no-store");
  context.set(
    "Content-Security-Policy",
    `default-src 'none'; style-src 'nonce-${nonce}'; form-action ${targets.join(" ")}; base-uri 'none'; frame-ancestors 'none'`,
  );
  context.body =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${html(title)}</title>` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><style nonce="${nonce}">${style}</style></head>` +
    `<body><main><h1>${html(title)}</h1>${body}</main></body></html>\n`;
};

interface FormOptions {
  /** Where the form is sent to: a path of ours. */
  readonly action: string;
  /** Proves that this page sent it. */
  readonly token: string;
}

const form = ({ action, token }: FormOptions, fields: string, buttons: string): string =>
  `<form method="post" action="${html(action)}"><input type="hidden" name="token" value="${html(token)}">${fields}${buttons}</form>`;

const problem = (text: string | undefined): string =>
  text === undefined ? "" : `<p class="problem" role="alert">${html(text)}</p>`;

export interface LogInPage extends FormOptions, PageOptions {
  readonly app: string;
  readonly email?: string;
  readonly problem?: string;
}

export const sendLogInPage = (context: Context, page: LogInPage): void => {
  const { app, email = "", problem: text, ...rest } = page;
  const t = texts.logIn;
  const described = text === undefined ? "" : ' aria-invalid="true"';
  const fields =
    `<label for="email">${t.email}</label>` +
    `<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${html(email)}"${described}>` +
    `<label for="password">${t.password}</label>` +
    `<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${described}>` +
    `<label for="code">${t.code}</label><input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" ` +
    `pattern="[0-9 ]{6,10}" maxlength="10" aria-describedby="code-hint"${described}><small id="code-hint">${t.codeHint}</small>`;
  const buttons =
    `<button class="main" name="decision" value="go">${t.submit}</button>` +
    `<button name="decision" value="cancel" formnovalidate>${t.cancel}</button>`;
  send(context, t.title(app), problem(text) + form(page, fields, buttons), rest);
};

export interface ConsentPage extends FormOptions, PageOptions {
  readonly app: string;
  readonly email: string;
  /** What is asked for, in words. */
  readonly asks: readonly string[];
  /** The host, or the scheme, of the app. */
  readonly returnsTo: string;
}

export const sendConsentPage = (context: Context, page: ConsentPage): void => {
  const t = texts.consent;
  const asks = page.asks.map((ask) => `<li>${html(ask)}</li>`).join("");
  const buttons =
    `<button class="main" name="decision" value="go">${t.allow}</button>` +
    `<button name="decision" value="cancel">${t.deny}</button>`;
  const body =
    `<p>${html(t.as(page.email))}</p><p>${html(t.asks(page.app))}</p><ul>${asks}</ul>` +
    `<p>${html(t.returns(page.returnsTo))}</p>${form(page, "", buttons)}`;
  send(context, t.title(page.app), body, page);
};

/** `confirm`: the library's form with its token, into which the buttons belong. */
export const sendLogOutPage = (context: Context, confirm: string, options: PageOptions): void => {
  const t = texts.logOut;
  const buttons =
    `<button class="main" form="op.logoutForm" name="logout" value="yes">${t.yes}</button>` +
    `<button form="op.logoutForm">${t.no}</button>`;
  send(context, t.title, `<p>${t.ask}</p>${confirm}${buttons}`, options);
};

export const sendLoggedOutPage = (context: Context): void => send(context, texts.logOut.doneTitle, `<p>${texts.logOut.done}</p>`);

/** What went wrong, for a person; `code` as OAuth names it. */
export const sendFailurePage = (
  context: Context,
  text: string,
  options: { readonly status: number; readonly code?: string },
): void =>
  send(
    context,
    texts.failed.title,
    `${problem(text)}${options.code === undefined ? "" : `<p><small>${html(options.code)}</small></p>`}`,
    { status: options.status },
  );

/** The part of a URI that tells a person where it leads. */
export const placeOf = (uri: string): string => {
  const url = URL.parse(uri);
  return url === null || url.host === "" ? uri.slice(0, uri.indexOf(":") + 1) : url.host;
};
