/** Media types that documents may have, and the bytes their files begin with. */
export const mediaTypes = ["image/jpeg", "image/png", "application/pdf"] as const;

export type MediaType = (typeof mediaTypes)[number];

const beginnings: Readonly<Record<MediaType, readonly number[]>> = {
  "image/jpeg": [0xff, 0xd8, 0xff],
  "image/png": [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  "application/pdf": [0x25, 0x50, 0x44, 0x46, 0x2d],
};

/** Whether content begins like a file of a media type. */
export const beginsLike = (mediaType: MediaType, content: Uint8Array): boolean =>
  beginnings[mediaType].every((byte, position) => content[position] === byte);
