/**
 * Passkeys (WebAuthn Level 3): what a browser's `navigator.credentials` answered, verified by the field's library. The user has to have been verified by
 * the device (finger, face, PIN), so that a passkey is two factors in one. Attestation is not asked for: any authenticator is good.
 *
 * Both verifications give `undefined` for whatever does not fit, however it is malformed.
 */

/** Where a passkey counts: the origin of the page, and the host name it is bound to. */
export interface RelyingParty {
  /** `https://developers.example.com`. */
  readonly origin: string;
  /** `developers.example.com`. */
  readonly rpId: string;
}

export interface PasskeyCredential {
  /** Base64url, chosen by the authenticator. */
  readonly credentialId: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  /** Uses as the authenticator counts them; 0 where it does not. */
  readonly signCount: number;
}

const partLengthMax = 8_192;
const base64url = { alphabet: "base64url" } as const;

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= partLengthMax;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Which credential a browser's answer is of, and which challenge it answers; not yet verified. */
export const passkeyAnswer = (answer: unknown): { readonly credentialId: string; readonly challenge: string } | undefined => {
  if (!isRecord(answer) || !isText(answer["id"]) || !isRecord(answer["response"])) return undefined;
  const { clientDataJSON } = answer["response"];
  if (!isText(clientDataJSON)) return undefined;
  try {
    const client: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(clientDataJSON, base64url)));
    const challenge = isRecord(client) ? client["challenge"] : undefined;
    return isText(challenge) ? { credentialId: answer["id"], challenge } : undefined;
  } catch {
    return undefined;
  }
};

/** What `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(…) })` is given. */
export const passkeyCreation = (wanted: {
  readonly party: RelyingParty;
  readonly partyName: string;
  readonly challenge: string;
  readonly user: { readonly id: string; readonly email: string; readonly name: string };
  readonly known: readonly string[];
  readonly timeoutMs: number;
}): Readonly<Record<string, unknown>> => ({
  rp: { id: wanted.party.rpId, name: wanted.partyName },
  user: {
    id: new TextEncoder().encode(wanted.user.id).toBase64({ ...base64url, omitPadding: true }),
    name: wanted.user.email,
    displayName: wanted.user.name,
  },
  challenge: wanted.challenge,
  // EdDSA, ES256, RS256.
  pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: "public-key", alg })),
  timeout: wanted.timeoutMs,
  attestation: "none",
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
  excludeCredentials: wanted.known.map((id) => ({ type: "public-key", id })),
});

/** What `navigator.credentials.get(…)` is given; without `known` the person chooses among all passkeys of the host. */
export const passkeyRequest = (wanted: {
  readonly party: RelyingParty;
  readonly challenge: string;
  readonly known: readonly string[];
  readonly timeoutMs: number;
}): Readonly<Record<string, unknown>> => ({
  rpId: wanted.party.rpId,
  challenge: wanted.challenge,
  timeout: wanted.timeoutMs,
  userVerification: "required",
  allowCredentials: wanted.known.map((id) => ({ type: "public-key", id })),
});

/** A new passkey. `answer` is `RegistrationResponseJSON`. */
export const verifyPasskeyCreation = async (
  answer: unknown,
  { origin, rpId, challenge }: RelyingParty & { readonly challenge: string },
): Promise<(PasskeyCredential & { readonly isBackedUp: boolean }) | undefined> => {
  const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: answer as never,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [-8, -7, -257],
    });
    if (!verified || registrationInfo === undefined) return undefined;
    const { credential, credentialBackedUp } = registrationInfo;
    return {
      credentialId: credential.id,
      publicKey: new Uint8Array(credential.publicKey).toBase64({ ...base64url, omitPadding: true }),
      signCount: credential.counter,
      isBackedUp: credentialBackedUp,
    };
  } catch {
    return undefined;
  }
};

/** A use of a passkey; its new count. `answer` is `AuthenticationResponseJSON`. One whose count has not grown may be a copy and is refused. */
export const verifyPasskeyUse = async (
  answer: unknown,
  { origin, rpId, challenge, credential }: RelyingParty & { readonly challenge: string; readonly credential: PasskeyCredential },
): Promise<{ readonly signCount: number } | undefined> => {
  const { verifyAuthenticationResponse } = await import("@simplewebauthn/server");
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: answer as never,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: credential.credentialId,
        publicKey: Uint8Array.fromBase64(credential.publicKey, base64url),
        counter: credential.signCount,
      },
    });
    return verified ? { signCount: authenticationInfo.newCounter } : undefined;
  } catch {
    return undefined;
  }
};
