/**
 * The IDX format of MNIST and its kin: a magic number (two zeros, element type, number of dimensions), big-endian
 * sizes, then bytes.
 */

/** Element type of unsigned bytes, the only one these data sets use. */
const UNSIGNED_BYTE = 0x08;

/**
 * Returns the elements of an IDX file of unsigned bytes whose sizes are as expected.
 *
 * @throws Error naming the file, what was expected and what it holds
 */
export function parseIdx(file: string, bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const headerBytes = 4 + 4 * shape.length;
  const expectedMagic = (UNSIGNED_BYTE << 8) | shape.length;
  if (bytes.byteLength < headerBytes)
    throw new Error(
      `Expected ${file} to have a header of ${headerBytes} bytes, got \`${bytes.byteLength}\` bytes in all`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== expectedMagic)
    throw new Error(
      `Expected ${file} to begin with the magic number ${hexadecimal(expectedMagic)}, got \`${hexadecimal(magic)}\``,
    );
  const sizes = shape.map((_, dimension) => view.getUint32(4 + 4 * dimension));
  if (sizes.some((size, dimension) => size !== shape[dimension]))
    throw new Error(`Expected ${file} to have the sizes ${shape.join(' x ')}, got \`${sizes.join(' x ')}\``);
  const needed = headerBytes + shape.reduce((product, size) => product * size, 1);
  if (bytes.byteLength !== needed)
    throw new Error(`Expected ${file} to have ${needed} bytes, got \`${bytes.byteLength}\``);
  return bytes.subarray(headerBytes);
}

function hexadecimal(magic: number): string {
  return `0x${magic.toString(16).padStart(8, '0')}`;
}
