/** All that the authorization server's pages say, in one place. */
export const texts = {
  logIn: {
    title: (app: string) => `Log in to ${app}`,
    email: "E-mail address",
    password: "Password",
    code: "One-time code",
    codeHint: "Six digits, if your account has an authenticator app.",
    submit: "Log in",
    cancel: "Cancel",
    refused: "The e-mail address, the password or the code is not right.",
    throttled: "Too many attempts. Try again later.",
  },
  consent: {
    title: (app: string) => `Allow ${app} to act for you?`,
    as: (email: string) => `You are logged in as ${email}.`,
    asks: (app: string) => `${app} asks for:`,
    returns: (host: string) => `You will be sent to ${host}.`,
    allow: "Allow",
    deny: "Do not allow",
  },
  logOut: {
    title: "Log out?",
    ask: "You are about to log out. Apps that act for you until you log out have to ask you again.",
    yes: "Log out",
    no: "Stay logged in",
    doneTitle: "Logged out",
    done: "You are logged out. You can close this page.",
  },
  failed: {
    title: "This did not work",
    expired: "The page is too old, or it was opened in another browser. Go back to the app and start again.",
    forged: "The form was not sent from this page. Go back to the app and start again.",
    /** Of an error of ours. */
    internal: "An error of ours; it was recorded.",
  },
  /** What the scopes of OpenID Connect mean to a person. */
  scopes: {
    openid: "know who you are",
    profile: "see your name",
    email: "see your e-mail address",
    offline_access: "act for you also when you are logged out",
  } as Readonly<Record<string, string>>,
} as const;
