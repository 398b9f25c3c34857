/**
 * Whether a zstd body (RFC 8878) is whole and within the window HTTP allows. Bun's decompressor accepts a frame cut
 * short and returns what it has; a body silently halved must not pass as a shorter list. Only headers of frames and
 * blocks are read, never their content: a few steps per 128 KiB of output.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** RFC 9659: a window above 8 MiB must not be used for the content coding zstd. */
const WINDOW_BYTES_MAX = 8 * 1024 * 1024;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;

/** True when the bytes are one or more complete frames and nothing else, each with a window of at most 8 MiB. */
export function isWholeZstd(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset < bytes.length) {
    const end = frameEnd(view, offset);
    if (end === undefined || end > bytes.length) return false;
    offset = end;
  }
  return bytes.length > 0;
}

function frameEnd(view: DataView, start: number): number | undefined {
  if (start + 8 > view.byteLength) return undefined;
  const magic = view.getUint32(start, true);
  // Sixteen magic numbers mark frames to skip (section 3.1.2).
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return start + 8 + view.getUint32(start + 4, true);
  if (magic !== MAGIC) return undefined;
  const descriptor = view.getUint8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  let offset = start + 5;
  if (!isSingleSegment) {
    const window = view.getUint8(offset++);
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > WINDOW_BYTES_MAX) return undefined;
  }
  offset += DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const sizeFlag = (descriptor >> 6) as 0 | 1 | 2 | 3;
  offset += sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag];
  const end = blocksEnd(view, offset);
  const hasChecksum = (descriptor & 4) !== 0;
  return end === undefined ? undefined : end + (hasChecksum ? 4 : 0);
}

/** Each block advances by at least its three bytes of header, so this ends. */
function blocksEnd(view: DataView, start: number): number | undefined {
  let offset = start;
  for (;;) {
    if (offset + 3 > view.byteLength) return undefined;
    const header = view.getUint8(offset) | (view.getUint8(offset + 1) << 8) | (view.getUint8(offset + 2) << 16);
    const isRepeated = ((header >> 1) & 3) === 1;
    offset += 3 + (isRepeated ? 1 : header >> 3);
    if ((header & 1) === 1) return offset;
  }
}
