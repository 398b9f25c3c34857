/**
 * Signature-Input and Signature (RFC 9421 section 4): read strictly, and the one signature that is for us chosen.
 *
 *   Signature-Input: pons=("@method" "@target-uri" "content-digest");created=1618884473;keyid="app_1";nonce="b3k2pp5k7z"
 *   Signature: pons=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:
 *
 * Both must name the same labels, each once. Limits: 4 signatures, 64 components, 1,024 bytes of signature.
 */
import { BoundedCache } from "../bounded-cache.ts";
import { parseDictionary } from "../structured-fields.ts";
import type { Dictionary, Member, Parameters } from "../structured-fields.ts";
import { serializeList } from "../structured-fields-write.ts";
import { type Component, compileComponents, type ComponentOptions, knownFieldTypes } from "./component.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import type { Fields, Message } from "./message.ts";
import { isProblem, type Problem, problem } from "./problem.ts";

const signaturesMax = 4;
const componentsMax = 64;
const signatureBytesMax = 1_024;
const headerLengthMax = 8_192;

/** The parameters of a signature that RFC 9421 section 2.3 knows. */
export interface SignatureParameters {
  /** Seconds since the epoch. */
  readonly created?: number | undefined;
  readonly expires?: number | undefined;
  readonly nonce?: string | undefined;
  readonly alg?: string | undefined;
  readonly keyid?: string | undefined;
  readonly tag?: string | undefined;
}

export interface SignatureInput {
  readonly label: string;
  readonly components: readonly Component[];
  readonly coverage: Coverage;
  readonly parameters: SignatureParameters;
  /** The value of `@signature-params`, as it stands in the base. */
  readonly text: string;
  readonly signature: Uint8Array;
}

export interface InputOptions extends Omit<ComponentOptions, "kind"> {
  /** The label or tag of the signature that is meant, where there are several. */
  readonly label: string;
}

type NumberName = "created" | "expires";
type TextName = "nonce" | "alg" | "keyid" | "tag";
const isNumberName = (name: string): name is NumberName => name === "created" || name === "expires";
const isTextName = (name: string): name is TextName => name === "keyid" || name === "nonce" || name === "alg" || name === "tag";

const parametersOf = (parameters: Parameters): SignatureParameters | Problem => {
  const result: Record<string, number | string> = {};
  for (const [name, { type, value }] of parameters) {
    if (!isNumberName(name) && !isTextName(name)) return problem("parameter_unknown");
    if (type !== (isNumberName(name) ? "integer" : "string")) return problem("signature_malformed");
    result[name] = value;
  }
  return result;
};

const tagOf = (member: Member): string | undefined => {
  const tag = member.parameters.get("tag");
  return tag?.type === "string" ? tag.value : undefined;
};

/** The label meant: the only one, the one with our name, or the only one with our tag. */
const choose = (inputs: Dictionary, label: string): string | undefined => {
  if (inputs.has(label)) return label;
  const labels = [...inputs.keys()];
  if (labels.length === 1) return labels[0];
  const tagged = [...inputs].filter(([, member]) => tagOf(member) === label);
  return tagged.length === 1 ? tagged[0]?.[0] : undefined;
};

const haveSameLabels = (inputs: Dictionary, signatures: Dictionary): boolean =>
  inputs.size === signatures.size && [...inputs.keys()].every((label) => signatures.has(label));

/** Any headers, read by the parser of structured fields. */
const readAny = (
  inputHeader: string,
  signatureHeader: string,
  { kind, label: wanted, types }: InputOptions & ComponentOptions,
): SignatureInput | Problem => {
  const inputs = parseDictionary(inputHeader, { repeated: "refuse" });
  const signatures = parseDictionary(signatureHeader, { repeated: "refuse" });
  if (inputs === undefined || signatures === undefined) return problem("signature_malformed");
  if (inputs.size === 0 || signatures.size === 0) return problem("signature_missing");
  if (inputs.size > signaturesMax || signatures.size > signaturesMax) return problem("signature_too_large");
  if (!haveSameLabels(inputs, signatures)) return problem("signature_malformed");
  const label = choose(inputs, wanted);
  if (label === undefined) return problem("signature_ambiguous");
  const input = inputs.get(label);
  const signature = signatures.get(label);
  if (input === undefined || signature === undefined || !("items" in input) || !("bare" in signature))
    return problem("signature_malformed");
  if (signature.bare.type !== "binary" || signature.parameters.size > 0) return problem("signature_malformed");
  if (input.items.length > componentsMax || signature.bare.value.length > signatureBytesMax)
    return problem("signature_too_large");
  const components = compileComponents(input.items, types === undefined ? { kind } : { kind, types });
  if (isProblem(components)) return components;
  const parameters = parametersOf(input.parameters);
  if (isProblem(parameters)) return parameters;
  const text = serializeList([input]);
  return { label, components, coverage: coverageOf(components), parameters, text, signature: signature.bare.value };
};

interface KnownList extends Pick<SignatureInput, "label" | "components" | "coverage"> {
  /** `pons=("@method" "@target-uri")`. */
  readonly start: string;
}

/** Labels with lists of components of requests, in canonical form: they repeat from request to request, most of all the one before. */
class KnownLists {
  readonly #all = new BoundedCache<KnownList>({ entriesMax: 1_024, keyLengthMax: 1_024 });
  #last: KnownList | undefined;

  /** The one a header begins with. A list ends at its parenthesis, so that a header that begins with one has it whole. */
  of(header: string): KnownList | undefined {
    if (this.#last !== undefined && header.startsWith(this.#last.start)) return this.#last;
    const found = this.#all.get(header.slice(0, header.indexOf(")") + 1));
    if (found !== undefined) this.#last = found;
    return found;
  }

  keep({ label, components, coverage, text }: SignatureInput): void {
    const list = `(${components.map(({ identifier }) => identifier).join(" ")})`;
    const start = `${label}=${list}`;
    if (text.startsWith(list)) this.#all.set(start, { start, label, components, coverage });
  }
}

const knownLists = new KnownLists();

/** What has no place in a header that is read here: controls, escapes, anything but ASCII. */
const unusual = /[^\x20-\x5b\x5d-\x7e]/;
const quote = 0x22;
const semicolon = 0x3b;
const zero = 0x30;
/** As many digits as the parser of structured fields takes. */
const digitsMax = 15;

/** `1618884473`; undefined for anything that is not written as a number is, `0` at the front included. */
const scanNumber = (text: string, start: number, end: number): number | undefined => {
  const length = end - start;
  if (length < 1 || length > digitsMax || (length > 1 && text.charCodeAt(start) === zero)) return undefined;
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
};

/**
 * `;created=1618884473;keyid="app_1"` from `from` on, as every signer writes it: no string has an escape. Undefined for what is written otherwise, or is
 * not allowed.
 */
const scanParameters = (text: string, from: number): SignatureParameters | undefined => {
  if (unusual.test(text)) return undefined;
  let created: number | undefined;
  let expires: number | undefined;
  let nonce: string | undefined;
  let alg: string | undefined;
  let keyid: string | undefined;
  let tag: string | undefined;
  const { length } = text;
  for (let at = from; at < length;) {
    const equals = text.indexOf("=", at);
    if (equals === -1 || text.charCodeAt(at) !== semicolon) return undefined;
    const name = at + 1;
    const size = equals - name;
    if (text.charCodeAt(equals + 1) === quote) {
      const end = text.indexOf('"', equals + 2);
      if (end === -1) return undefined;
      const value = text.slice(equals + 2, end);
      if (size === 5 && keyid === undefined && text.startsWith("keyid", name)) keyid = value;
      else if (size === 5 && nonce === undefined && text.startsWith("nonce", name)) nonce = value;
      else if (size === 3 && alg === undefined && text.startsWith("alg", name)) alg = value;
      else if (size === 3 && tag === undefined && text.startsWith("tag", name)) tag = value;
      else return undefined;
      at = end + 1;
    } else {
      const next = text.indexOf(";", equals);
      const end = next === -1 ? length : next;
      const value = scanNumber(text, equals + 1, end);
      if (value === undefined || size !== 7) return undefined;
      if (created === undefined && text.startsWith("created", name)) created = value;
      else if (expires === undefined && text.startsWith("expires", name)) expires = value;
      else return undefined;
      at = end;
    }
  }
  return { created, expires, nonce, alg, keyid, tag };
};

const colon = 0x3a;
const equalsSign = 0x3d;

/**
 * `:AAECAw==:` from `from` to the end → the bytes; undefined for anything that is not base64 to the letter. White space, which the decoder skips, makes
 * too few bytes.
 */
const scanBytes = (text: string, from: number): Uint8Array | undefined => {
  const end = text.length - 1;
  if (end <= from || text.charCodeAt(from) !== colon || text.charCodeAt(end) !== colon) return undefined;
  const isPadded = text.charCodeAt(end - 1) === equalsSign;
  const padding = isPadded ? (text.charCodeAt(end - 2) === equalsSign ? 2 : 1) : 0;
  try {
    const bytes = Uint8Array.fromBase64(text.slice(from + 1, end));
    return bytes.length === ((end - from - 1) / 4) * 3 - padding ? bytes : undefined;
  } catch {
    return undefined;
  }
};

/** Headers with one signature, whose list of components is known. All others are left to `readAny`, which gives the same for these. */
const readKnown = (inputHeader: string, signatureHeader: string): SignatureInput | undefined => {
  const known = knownLists.of(inputHeader);
  if (known === undefined) return undefined;
  const { label, components, coverage, start } = known;
  const end = label.length;
  if (!signatureHeader.startsWith(label) || signatureHeader.charCodeAt(end) !== equalsSign) return undefined;
  const parameters = scanParameters(inputHeader, start.length);
  const signature = parameters === undefined ? undefined : scanBytes(signatureHeader, end + 1);
  if (parameters === undefined || signature === undefined || signature.length > signatureBytesMax) return undefined;
  return { label, components, coverage, parameters, text: inputHeader.slice(end + 1), signature };
};

/** The signature of a message that is meant for us, or why there is none. */
export const readSignatureInput = (headers: Fields, kind: Message["kind"], options: InputOptions): SignatureInput | Problem => {
  const inputHeader = headers.get("signature-input");
  const signatureHeader = headers.get("signature");
  if (inputHeader === null || signatureHeader === null) return problem("signature_missing");
  if (inputHeader.length > headerLengthMax || signatureHeader.length > headerLengthMax) return problem("signature_too_large");
  const isUsual = kind === "request" && (options.types === undefined || options.types === knownFieldTypes);
  const known = isUsual ? readKnown(inputHeader, signatureHeader) : undefined;
  if (known !== undefined) return known;
  const read = readAny(inputHeader, signatureHeader, { ...options, kind });
  if (isUsual && !isProblem(read)) knownLists.keep(read);
  return read;
};
