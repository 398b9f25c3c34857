/** What the tests use of simple-oauth2, which ships no types. */
declare module "simple-oauth2" {
  interface Options {
    readonly client: { readonly id: string; readonly secret: string };
    readonly auth: {
      readonly tokenHost: string;
      readonly tokenPath: string;
      readonly authorizePath?: string;
      readonly revokePath: string;
    };
  }
  interface AccessToken {
    readonly token: Readonly<Record<string, unknown>>;
    refresh(): Promise<AccessToken>;
    revokeAll(): Promise<void>;
  }
  class AuthorizationCode {
    constructor(options: Options);
    authorizeURL(parameters: Readonly<Record<string, string>>): string;
    getToken(parameters: Readonly<Record<string, string>>): Promise<AccessToken>;
  }
  class ClientCredentials {
    constructor(options: Options);
    getToken(parameters: Readonly<Record<string, string>>): Promise<AccessToken>;
  }
  export { AuthorizationCode, ClientCredentials };
}
