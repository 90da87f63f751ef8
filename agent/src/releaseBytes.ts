/**
 * Frees a buffer's memory now. The collector of garbage sees only its small handle and would leave the bytes for long.
 * Nobody may use the buffer afterwards; a part of a larger one is left alone.
 */
export function releaseBytes(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength) {
    bytes.buffer.transfer(0);
  }
}
