/**
 * The keys, messages and signatures of RFC 9421: section 2.4 and appendices B.1 to B.4, as they stand there. Signature bases are whole; the RFC breaks
 * their lines.
 */
import { createPublicKey } from "node:crypto";
import type { Fields, RequestMessage, ResponseMessage, VerifyingKey } from "../../src/channels/http/signature/index.ts";

/** DER of a PEM key, whichever of the two forms of RSA it has. */
const derOf = (label: string, base64: string): Uint8Array =>
  createPublicKey(`-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`).export({ type: "spki", format: "der" });

const rsa =
  "MIIBCgKCAQEAhAKYdtoeoy8zcAcR874L8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrwWEBnez6d0UDKDwGbc6nxfEXAy5mbhgajzrw3MOEt8uA5tx" +
  "SKobBpKDeBLOsdJKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTSd/QBwVW9OwNFhekro3RtlinV0a75jfZgkne/YiktSvLG34lw2zqXBDTC5NHR" +
  "OUqGTlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0PuKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dSFFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQPSXSfBDiUG" +
  "hwOw76WuSSsf1D4b/vLoJ10wIDAQAB";
const rsaPss =
  "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh" +
  "1GH45x28Rw3Ry53mm+oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHqgDsznjPFmTOtCEcN2Z1FpWgchwuY" +
  "LPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5WUtzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4aOT9v6d+nb" +
  "4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI2wIDAQAB";

export const keys = {
  "test-key-rsa": { algorithm: "rsa-v1_5-sha256", publicKey: derOf("RSA PUBLIC KEY", rsa) },
  "test-key-rsa-pss": { algorithm: "rsa-pss-sha512", publicKey: derOf("PUBLIC KEY", rsaPss) },
  "test-key-ecc-p256": {
    algorithm: "ecdsa-p256-sha256",
    publicKey: derOf(
      "PUBLIC KEY",
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==",
    ),
  },
  "test-key-ed25519": {
    algorithm: "ed25519",
    publicKey: derOf("PUBLIC KEY", "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="),
  },
  "test-shared-secret": {
    algorithm: "hmac-sha256",
    secret: Buffer.from("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==", "base64"),
  },
} as const satisfies Record<string, VerifyingKey>;

/** Private half of `test-key-ed25519`, PKCS#8 DER. */
export const ed25519Private = Buffer.from("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF", "base64");

/** Lines of a header, as they are sent: a repeated name is a repeated field. */
export const fieldsOf = (lines: readonly (readonly [name: string, value: string])[]): Fields => {
  const valuesOf = (name: string) => lines.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value);
  return {
    get: (name) => {
      const values = valuesOf(name);
      return values.length === 0 ? null : values.map((value) => value.trim()).join(", ");
    },
    lines: valuesOf,
  };
};

const requestDigest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

export const requestBody = '{"hello": "world"}';

export const requestLines = [
  ["Host", "example.com"],
  ["Date", "Tue, 20 Apr 2021 02:07:55 GMT"],
  ["Content-Type", "application/json"],
  ["Content-Digest", requestDigest],
  ["Content-Length", "18"],
] as const;

/** `test-request` of B.2, with further lines of its header. */
export const testRequest = (more: readonly (readonly [string, string])[] = []): RequestMessage => ({
  kind: "request",
  method: "POST",
  scheme: "https",
  authority: "example.com",
  target: "/foo?param=Value&Pet=dog",
  headers: fieldsOf([...requestLines, ...more]),
});

export const responseBody = '{"message": "good dog"}';

/** `test-response` of B.2, with the digest of its body that the signature base of B.2.4 has. */
export const testResponse = (more: readonly (readonly [string, string])[] = []): ResponseMessage => ({
  kind: "response",
  status: 200,
  headers: fieldsOf([
    ["Date", "Tue, 20 Apr 2021 02:07:56 GMT"],
    ["Content-Type", "application/json"],
    ["Content-Digest", "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"],
    ["Content-Length", "23"],
    ...more,
  ]),
});

/** The 503 of section 2.4, which answers `test-request`. */
export const busyResponse = (more: readonly (readonly [string, string])[] = []): ResponseMessage => ({
  kind: "response",
  status: 503,
  request: testRequest(),
  headers: fieldsOf([
    ["Date", "Tue, 20 Apr 2021 02:07:56 GMT"],
    ["Content-Type", "application/json"],
    ["Content-Length", "62"],
    ["Content-Digest", "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:"],
    ...more,
  ]),
});

/** The request of B.3 that a proxy signs with the client's certificate in it. */
export const proxiedRequest = (more: readonly (readonly [string, string])[] = []): RequestMessage => ({
  kind: "request",
  method: "POST",
  scheme: "https",
  authority: "service.internal.example",
  target: "/foo?param=Value&Pet=dog",
  headers: fieldsOf([
    ["Host", "service.internal.example"],
    ["Date", "Tue, 20 Apr 2021 02:07:55 GMT"],
    ["Content-Type", "application/json"],
    ["Content-Length", "18"],
    [
      "Client-Cert",
      ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVka" +
        "WF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8Yn" +
        "XXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVH" +
        "SMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmR" +
        "jQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5Xar" +
        "mPk0wmuydBVoU4hBVZ1yhk=:",
    ],
    ...more,
  ]),
});

export interface Vector {
  readonly section: string;
  readonly key: keyof typeof keys;
  readonly message: (more: readonly (readonly [string, string])[]) => RequestMessage | ResponseMessage;
  readonly input: string;
  readonly signature: string;
  readonly base?: string;
}

export const vectors: readonly Vector[] = [
  {
    section: "B.2.1",
    key: "test-key-rsa-pss",
    message: testRequest,
    input: 'sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
    signature:
      "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsck" +
      "zXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+" +
      "O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLh" +
      "dxO5Nyt8C8ssinQ98Xw9Q==:",
    base: ['"@signature-params": ();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'].join("\n"),
  },
  {
    section: "B.2.2",
    key: "test-key-rsa-pss",
    message: testRequest,
    input:
      'sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
    signature:
      "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSo" +
      "wOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh" +
      "62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb" +
      "0rQl3/XaVe4bXTugEjHSw==:",
    base: [
      '"@authority": example.com',
      '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      '"@query-param";name="Pet": dog',
      '"@signature-params": ("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example"',
    ].join("\n"),
  },
  {
    section: "B.2.3",
    key: "test-key-rsa-pss",
    message: testRequest,
    input:
      'sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"',
    signature:
      "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768" +
      "ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9" +
      "o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL" +
      "2FUo5fTIztsDZKEgM4cUA==:",
    base: [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@query": ?param=Value&Pet=dog',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-digest": sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
      '"content-length": 18',
      '"@signature-params": ("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss"',
    ].join("\n"),
  },
  {
    section: "B.2.4",
    key: "test-key-ecc-p256",
    message: testResponse,
    input: 'sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"',
    signature: "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:",
    base: [
      '"@status": 200',
      '"content-type": application/json',
      '"content-digest": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:',
      '"content-length": 23',
      '"@signature-params": ("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"',
    ].join("\n"),
  },
  {
    section: "B.2.5",
    key: "test-shared-secret",
    message: testRequest,
    input: 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    signature: "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    base: [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@authority": example.com',
      '"content-type": application/json',
      '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    ].join("\n"),
  },
  {
    section: "B.2.6",
    key: "test-key-ed25519",
    message: testRequest,
    input:
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    signature: "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
    base: [
      '"date": Tue, 20 Apr 2021 02:07:55 GMT',
      '"@method": POST',
      '"@path": /foo',
      '"@authority": example.com',
      '"content-type": application/json',
      '"content-length": 18',
      '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    ].join("\n"),
  },
  {
    section: "3.2",
    key: "test-key-rsa-pss",
    message: testRequest,
    input:
      'sig1=("@method" "@authority" "@path" "content-digest" "content-length" "content-type");created=1618884473;keyid="test-key-rsa-pss"',
    signature:
      "sig1=:HIbjHC5rS0BYaa9v4QfD4193TORw7u9edguPh0AW3dMq9WImrlFrCGUDih47vAxi4L2YRZ3XMJc1uOKk/J0ZmZ+wcta4nKIgBkKq0rM9" +
      "hs3CQyxXGxHLMCy8uqK488o+9jrptQ+xFPHK7a9sRL1IXNaagCNN3ZxJsYapFj+JXbmaI5rtAdSfSvzPuBCh+ARHBmWuNo1UzVVdHXrl8ePL4c" +
      "ccqlazIJdC4QEjrF+Sn4IxBQzTZsL9y9TP5FsZYzHvDqbInkTNigBcE9cKOYNFCn4D/WM7F6TNuZO9EgtzepLWcjTymlHzK7aXq6Am6sfOrpIC" +
      "49yXjj3ae6HRalVc/g==:",
  },
  {
    section: "2.4",
    key: "test-key-ecc-p256",
    message: busyResponse,
    input:
      'reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256"',
    signature: "reqres=:dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgzU4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==:",
  },
  {
    section: "2.4, of a signed request",
    key: "test-key-ecc-p256",
    message: busyResponse,
    input:
      'reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "@path";req "@query";req "content-digest";req "content-type";req "content-length";req);created=1618884479;keyid="test-key-ecc-p256"',
    signature: "reqres=:C73J41GVKc+TYXbSobvZf0CmNcptRiWN+NY1Or0A36ISg6ymdRN6ZgR2QfrtopFNzqAyv+CeWrMsNbcV2Ojsgg==:",
  },
  {
    section: "B.3",
    key: "test-key-ecc-p256",
    message: proxiedRequest,
    input: 'ttrp=("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256"',
    signature: "ttrp=:xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==:",
  },
];

const transformLines = [
  ["Host", "example.org"],
  ["Date", "Fri, 15 Jul 2022 14:24:55 GMT"],
  ["Accept", "application/json"],
  ["Accept", "*/*"],
  ["Signature-Input", 'transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"'],
  ["Signature", "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:"],
] as const;

/** The request of B.4, as it was signed. */
export const transformedRequest: RequestMessage = {
  kind: "request",
  method: "GET",
  scheme: "https",
  authority: "example.org",
  target: "/demo?name1=Value1&Name2=value2",
  headers: fieldsOf(transformLines),
};

type Lines = readonly (readonly [string, string])[];
const without = (name: string): Lines => transformLines.filter(([known]) => known !== name);

/** What B.4 says may happen to it on its way, and what may not. */
export const transformations: readonly { readonly name: string; readonly isValid: boolean; readonly message: RequestMessage }[] =
  [
    {
      name: "a header and a parameter of the query added, neither covered",
      isValid: true,
      message: {
        ...transformedRequest,
        target: "/demo?name1=Value1&Name2=value2&param=added",
        headers: fieldsOf([...transformLines, ["Accept-Language", "en-US,en;q=0.5"]]),
      },
    },
    {
      name: "Date removed, Referer added, Accept in one line",
      isValid: true,
      message: {
        ...transformedRequest,
        headers: fieldsOf([
          ...without("Date").filter(([known]) => known !== "Accept"),
          ["Referer", "https://developer.example.org/demo"],
          ["Accept", "application/json, */*"],
        ]),
      },
    },
    {
      name: "fields in another order, but for those of one name",
      isValid: true,
      message: {
        ...transformedRequest,
        headers: fieldsOf([...transformLines].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
      },
    },
    {
      name: "another method and authority",
      isValid: false,
      message: { ...transformedRequest, method: "POST", authority: "example.com" },
    },
    {
      name: "the two Accept fields in another order",
      isValid: false,
      message: {
        ...transformedRequest,
        headers: fieldsOf([...without("Accept"), ["Accept", "*/*"], ["Accept", "application/json"]]),
      },
    },
  ];
