/** Addresses of the authorization server, by the names the library has for them. */
export const oauthPaths = {
  authorization: "/oauth/authorize",
  token: "/oauth/token",
  jwks: "/oauth/jwks",
  introspection: "/oauth/introspect",
  revocation: "/oauth/revoke",
  pushed_authorization_request: "/oauth/par",
  userinfo: "/oauth/userinfo",
  end_session: "/oauth/logout",
} as const;
