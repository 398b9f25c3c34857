/** Credentials in a line: a key, an app's id and secret, or an access token. Whether they are any good is for the pipeline to say. */
import type { Credentials } from "../../pipeline/call.ts";
import type { Flaw } from "./grammar.ts";
import type { LineRequest } from "./request.ts";

const keyForm = /^[\w\-.~+/]{1,512}=*$/;
const tokenForm = /^[\w-]+\.[\w-]*\.[\w-]*$/;
const tokenLengthMax = 8_000;
const textLengthMax = 512;

/** What a line of `Key`, `Login` or `Token` shows. */
export const credentialsOfLine = ({ verb, subject, subjectAt, data }: LineRequest): Credentials | Flaw => {
  const [first, second] = data;
  const isLogin = verb === "login";
  const odd = isLogin ? second : first;
  if (odd !== undefined) return { flaw: `There is no ${odd.title} here.`, at: odd.at };
  if (verb === "key")
    return keyForm.test(subject) ? { kind: "key", secret: subject } : { flaw: "This is no key.", at: subjectAt };
  if (verb === "token") {
    return subject.length <= tokenLengthMax && tokenForm.test(subject)
      ? { kind: "token", scheme: "Bearer", token: subject }
      : { flaw: "This is no access token.", at: subjectAt };
  }
  const secret = first?.value.kind === "text" ? first.value.text : "";
  if (first !== undefined && first.title.toLowerCase() !== "secret")
    return { flaw: `There is no ${first.title} here.`, at: first.at };
  const isWhole = subject !== "" && secret !== "" && subject.length <= textLengthMax && secret.length <= textLengthMax;
  return isWhole ? { kind: "basic", id: subject, secret } : { flaw: "Login and Secret are needed.", at: subjectAt };
};
