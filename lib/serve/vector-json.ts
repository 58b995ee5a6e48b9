/** A vector as JSON, or as OpenAI's base64 of little-endian float32. */
export function vectorJson(vector: Float32Array, format: 'float' | 'base64' = 'float'): string {
  if (format === 'float') return JSON.stringify(Array.from(vector))
  return `"${Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')}"`
}
