/**
 * The steps a person takes while an app asks to act for them:
 *
 *   GET  /oauth/interaction/{uid}   the page of the step that is due: log in, or consent
 *   POST /oauth/interaction/{uid}   what the person entered there
 *
 * Both need the interaction's cookie, which is bound to this path. A form carries a token made from the interaction and the step, and is refused when
 * the browser says that another site sent it.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { OIDCProviderError } from "oidc-provider/lib/helpers/errors.js";
import type { Context, Data, Interaction, Provider } from "oidc-provider/lib/provider.js";
import { type LogInOutcome, type OAuthAccounts, usableAccount } from "./account.ts";
import type { OAuthClient, OAuthClients } from "./client.ts";
import { placeOf, sendConsentPage, sendFailurePage, sendLogInPage } from "./page.ts";
import type { OidcState } from "./state.ts";
import { texts } from "./texts.ts";

export const interactionPath = "/oauth/interaction/";

const bodyBytesMax = 16_384;
const codePattern = /^\d{6,10}$/;

export interface InteractionOptions {
  readonly issuer: string;
  readonly clients: OAuthClients;
  readonly accounts: OAuthAccounts;
  readonly state: OidcState;
  /** Makes the tokens of forms. */
  readonly formKey: Uint8Array;
  /** The request from outside that a request to the library stands for. */
  readonly outside: (context: Context) => { readonly request: Request; readonly address: string };
  /** What a scope lets an app do, in a few words. */
  readonly describeScope?: (scope: string, client: OAuthClient) => string | undefined;
}

interface Step {
  readonly context: Context;
  readonly provider: Provider;
  readonly interaction: Interaction;
  readonly client: OAuthClient;
  readonly redirectUri: string;
}

const denied = { error: "access_denied", error_description: "the person did not allow it" };

/** The form of a request, at most `bodyBytesMax` of it; undefined when it is longer or no form. */
const readForm = async ({ req, get }: Pick<Context, "req"> & { readonly get: (name: string) => string }) => {
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(get("content-type"))) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
};

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

export class Interactions {
  readonly #options: InteractionOptions;

  constructor(options: InteractionOptions) {
    this.#options = options;
  }

  async answer(provider: Provider, context: Context): Promise<void> {
    try {
      const interaction = await provider.interactionDetails(context.req, context.res);
      const client = await this.#options.clients.find(interaction.params["client_id"] ?? "");
      const redirectUri = interaction.params["redirect_uri"] ?? "";
      if (interaction.uid !== context.path.slice(interactionPath.length) || client?.isActive !== true)
        return sendFailurePage(context, texts.failed.expired, { status: 400 });
      const step = { context, provider, interaction, client, redirectUri };
      if (context.method === "GET") return await this.#show(step);
      if (context.method === "POST") return await this.#take(step);
      context.set("Allow", "GET, POST");
      return sendFailurePage(context, texts.failed.expired, { status: 405 });
    } catch (error) {
      if (!(error instanceof OIDCProviderError)) throw error;
      // No cookie, or the interaction is over.
      return sendFailurePage(context, texts.failed.expired, { status: 400 });
    }
  }

  async #show(step: Step): Promise<void> {
    const { context, interaction, client } = step;
    if (interaction.prompt.name === "consent") return this.#showConsent(step);
    if (interaction.prompt.name !== "login") return this.#finish(step, denied);
    // Who is logged in to us already need not do so again, unless the app insists.
    const isPlain = interaction.prompt.reasons.every((reason) => reason === "no_session");
    const accountId = isPlain ? await this.#options.accounts.sessionOf(this.#options.outside(context).request) : undefined;
    if (accountId !== undefined && (await usableAccount(this.#options.accounts, accountId, client)) !== undefined)
      return this.#finish(step, { login: { accountId } });
    const hint = interaction.params["login_hint"];
    return this.#showLogIn(step, hint === undefined ? {} : { email: hint });
  }

  #showLogIn(step: Step, more: { readonly email?: string; readonly problem?: string; readonly status?: number }): void {
    const { context, client, redirectUri } = step;
    sendLogInPage(context, { app: client.name, leadsTo: [redirectUri], ...this.#form(step), ...more });
  }

  async #showConsent(step: Step): Promise<void> {
    const { context, interaction, client, redirectUri } = step;
    const account = await usableAccount(this.#options.accounts, interaction.session?.accountId ?? "", client);
    if (account === undefined) return this.#finish(step, denied);
    const { describeScope } = this.#options;
    sendConsentPage(context, {
      app: client.name,
      email: account.email,
      asks: [...this.#scopesAsked(interaction)].map((scope) => describeScope?.(scope, client) ?? texts.scopes[scope] ?? scope),
      returnsTo: placeOf(redirectUri),
      leadsTo: [redirectUri],
      ...this.#form(step),
    });
  }

  #scopesAsked({ prompt: { details }, params }: Interaction): ReadonlySet<string> {
    const resources = Object.values((details["missingResourceScopes"] ?? {}) as Data);
    const missing = [...listOf(details["missingOIDCScope"]), ...resources.flatMap(listOf)];
    // An app on a phone asks again for what it was given before.
    return new Set(missing.length > 0 ? missing : (params["scope"] ?? "").split(" ").filter(Boolean));
  }

  async #take(step: Step): Promise<void> {
    const { context, interaction } = step;
    const form = await readForm({ req: context.req, get: (name) => context.get(name) });
    if (form === undefined || !this.#isOurs(step, form)) return sendFailurePage(context, texts.failed.forged, { status: 403 });
    if (form.get("decision") !== "go") return this.#finish(step, denied);
    if (interaction.prompt.name === "login") return this.#logIn(step, form);
    return interaction.prompt.name === "consent" ? this.#consent(step) : this.#finish(step, denied);
  }

  async #logIn(step: Step, form: URLSearchParams): Promise<void> {
    const { context, client } = step;
    const email = (form.get("email") ?? "").trim();
    const totp = (form.get("code") ?? "").replaceAll(" ", "");
    const outcome: LogInOutcome = await this.#options.accounts.logIn({
      tenant: client.tenant,
      email,
      password: form.get("password") ?? "",
      ...(codePattern.test(totp) ? { totp } : {}),
      address: this.#options.outside(context).address,
    });
    if ("refused" in outcome) {
      if (outcome.refused === "credentials") return this.#showLogIn(step, { email, problem: texts.logIn.refused, status: 403 });
      context.set("Retry-After", String(outcome.retryAfterSeconds));
      return this.#showLogIn(step, { email, problem: texts.logIn.throttled, status: 429 });
    }
    await this.#leaveOther(step, outcome.accountId);
    const amr = codePattern.test(totp) ? ["pwd", "otp"] : ["pwd"];
    return this.#finish(step, { login: { accountId: outcome.accountId, amr } });
  }

  /** Somebody else is logged in in this browser: their session ends, and with it what it gave out. */
  async #leaveOther({ provider, interaction }: Step, accountId: string): Promise<void> {
    const { session } = interaction;
    if (session?.uid === undefined || session.accountId === accountId) return;
    const other = await provider.Session.findByUid(session.uid);
    for (const { grantId, persistsLogout } of Object.values(other?.authorizations ?? {}))
      if (grantId !== undefined && persistsLogout !== true) await this.#options.state.revoke(grantId);
    await this.#options.state.removeByUid("Session", session.uid);
    interaction.session = undefined;
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1_000));
  }

  async #consent(step: Step): Promise<void> {
    const { provider, interaction, client } = step;
    const accountId = interaction.session?.accountId ?? "";
    if ((await usableAccount(this.#options.accounts, accountId, client)) === undefined) return this.#finish(step, denied);
    const held = interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
    const grant = held ?? new provider.Grant({ accountId, clientId: client.id });
    const { details } = interaction.prompt;
    const missing = listOf(details["missingOIDCScope"]);
    if (missing.length > 0) grant.addOIDCScope(missing.join(" "));
    for (const [resource, scopes] of Object.entries((details["missingResourceScopes"] ?? {}) as Data))
      grant.addResourceScope(resource, listOf(scopes).join(" "));
    return this.#finish(step, { consent: { grantId: await grant.save() } });
  }

  async #finish({ context, provider }: Step, result: Data): Promise<void> {
    const next = await provider.interactionResult(context.req, context.res, result);
    context.status = 303;
    context.set("Cache-Control", "no-store");
    context.redirect(next);
  }

  #form(step: Step): { readonly action: string; readonly token: string } {
    return { action: `${interactionPath}${step.interaction.uid}`, token: this.#token(step) };
  }

  #token({ interaction }: Step): string {
    return createHmac("sha256", this.#options.formKey)
      .update(`${interaction.uid}:${interaction.prompt.name}`)
      .digest("base64url");
  }

  /** Sent by the page of this very step (RFC 9700, 4.16; Fetch Metadata). */
  #isOurs(step: Step, form: URLSearchParams): boolean {
    const origin = step.context.get("origin");
    const site = step.context.get("sec-fetch-site");
    if (origin !== "" && origin !== this.#options.issuer) return false;
    if (site !== "" && site !== "same-origin") return false;
    const [given, wanted] = [Buffer.from(form.get("token") ?? ""), Buffer.from(this.#token(step))];
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}
