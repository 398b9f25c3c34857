/**
 * API keys: `pons_{environment}_{random}{checksum}`. 32 random base-62 characters (190 bits) and a 6-character checksum (CRC-32 of what
 * stands before it), so that a scanner recognises a leaked key and a mistyped one is refused without a look-up. Kept as SHA-256 only.
 */
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 32;
const checksumLength = 6;
const form = /^pons_([a-z]{1,16})_([0-9A-Za-z]{38})$/;

const checksumOf = (text: string): string => {
  let rest = Bun.hash.crc32(text);
  let checksum = "";
  for (let i = 0; i < checksumLength; i++) {
    checksum = alphabet[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return checksum;
};

const randomText = (random: (bytes: Uint8Array) => Uint8Array): string => {
  let text = "";
  while (text.length < randomLength) {
    for (const byte of random(new Uint8Array(randomLength))) {
      // 248 = 4 × 62: bytes above would make some characters likelier.
      if (byte < 248 && text.length < randomLength) text += alphabet[byte % 62];
    }
  }
  return text;
};

/** A new key of an environment. `random` fills bytes; cryptographic by default. */
export const newApiKey = (
  environment: string,
  random = (bytes: Uint8Array): Uint8Array => crypto.getRandomValues(bytes),
): string => {
  const body = `pons_${environment}_${randomText(random)}`;
  return body + checksumOf(body);
};

/** The environment a well-formed key names; `undefined` when form or checksum are wrong. */
export const environmentOfKey = (secret: string): string | undefined => {
  const match = form.exec(secret);
  if (match === null) return undefined;
  const body = secret.slice(0, -checksumLength);
  return checksumOf(body) === secret.slice(-checksumLength) ? match[1] : undefined;
};

/** What is stored instead of the key: SHA-256, hex. */
export const hashOfKey = (secret: string): string => Bun.SHA256.hash(secret, "hex");

/** What a person may be shown of a key: `pons_live_Ab3d…`. */
export const shownPrefix = (secret: string): string => secret.slice(0, secret.indexOf("_", 5) + 5);
